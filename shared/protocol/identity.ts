import { createHash, randomBytes } from 'node:crypto'

const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** A new node id: `n-` and 12 random base32 characters (60 bits). */
export function newNodeId(): string {
  return `n-${[...randomBytes(12)].map((byte) => base32[byte & 31]).join('')}`
}

export const nodeIdPattern = /^n-[a-z2-7]{12}$/

/** Ids of ours. */
export const ownIdPattern = /^[a-z0-9-]{1,63}$/

/** Ids that clients without an agent bring; they are kept as they are. */
export const clientIdPattern = /^[A-Za-z0-9._:@-]{1,100}$/

/**
 * The id of an instance: `<service>-<8 hex>`, the hash over node id and configured name, or else port. A restart of server
 * or agent therefore gives the same instance.
 */
export function instanceId(service: string, nodeId: string, nameOrPort: string | number): string {
  const plain = service
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 54)
  // Where an id cannot carry the service's name (Chinese, say), the hash must tell two services apart.
  const told = plain === service ? '' : `\n${service}`
  const hash = createHash('sha256').update(`${nodeId}\n${nameOrPort}${told}`).digest('hex').slice(0, 8)
  return `${plain || 'service'}-${hash}`
}
