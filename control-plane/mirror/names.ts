import { createHash } from 'node:crypto'

/** Metadata of every record of ours. */
export const ownerKey = 'heddle-owner'
export const originKey = 'heddle-origin'
export const nodeCheckId = 'heddle:node'
/** What makes a node a member of Consul's gossip: never on a node of ours. */
export const gossipCheckId = 'serfHealth'

export function checkIdOf(instance: string): string {
  return `heddle:${instance}`
}

/** Checks have no metadata: their notes say whose they are. */
export function checkNotes(owner: string): string {
  return `${ownerKey}=${owner}`
}

/** The name under which a node stands in a catalogue: no Consul agent has such a name. Different nodes have different names. */
export function consulNodeName(owner: string, nodeId: string): string {
  return `heddle-${owner}-${acceptable(nodeId, { pattern: /^[a-z0-9-]+$/, most: 50 })}`
}

export function fenceKey(owner: string): string {
  return `heddle/${owner}/fence`
}

export function freshKey(owner: string): string {
  return `heddle/${owner}/fresh`
}

/** Where what was revoked is kept besides the store. */
export function revocationsKey(owner: string): string {
  return `heddle/${owner}/revocations`
}

/** Consul tells ids of nodes, services and checks apart without regard to case, so this is what we index by. */
export function keyOf(id: string): string {
  return id.toLowerCase()
}

/**
 * A text as `pattern` wants it; different texts give different results. One that does not fit is cut to what fits and told apart
 * by a hash behind a double dash, which is why a plain text that ends like that gets a hash as well.
 */
export function acceptable(
  text: string,
  { pattern, most }: { readonly pattern: RegExp; readonly most: number },
): string {
  if (text.length <= most && pattern.test(text) && !/--[0-9a-f]{10}$/.test(text)) return text
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10)
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, most - 14)
  const name = `${plain || 'x'}--${hash}`
  // What it begins with may be what does not fit.
  return pattern.test(name) ? name : `x-${name}`
}
