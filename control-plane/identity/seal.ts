import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const version = 's1'

/**
 * Closes something up, so that only who has the installation's secret can open it: AES-256-GCM under a key of its own.
 * @param purpose what it is; it opens as nothing else
 */
export function seal(secret: Uint8Array, purpose: string, plain: Uint8Array): string {
  const salt = randomBytes(16)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFor(secret, salt, purpose), iv)
  cipher.setAAD(Buffer.from(purpose))
  const closed = Buffer.concat([cipher.update(plain), cipher.final()])
  const parts = [salt, iv, closed, cipher.getAuthTag()]
  return [version, ...parts.map((part) => part.toString('base64url'))].join('.')
}

/** What `seal` closed up; undefined: with another secret, for another purpose, or it was changed since. */
export function unseal(secret: Uint8Array, purpose: string, sealed: string): Uint8Array | undefined {
  const [first, ...rest] = sealed.split('.')
  const [salt, iv, closed, tag] = rest.map((part) => Buffer.from(part, 'base64url'))
  if (first !== version || !salt || iv?.length !== 12 || !closed || tag?.length !== 16) return undefined
  const decipher = createDecipheriv('aes-256-gcm', keyFor(secret, salt, purpose), iv, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(purpose))
  decipher.setAuthTag(tag)
  try {
    return Buffer.concat([decipher.update(closed), decipher.final()])
  } catch {
    return undefined
  }
}

/** What tells one secret from another without telling anything of it. */
export function checkOf(secret: Uint8Array, installation: string): string {
  const key = keyFor(secret, Buffer.from(installation), 'check')
  return createHmac('sha256', key).update(installation).digest('base64url')
}

function keyFor(secret: Uint8Array, salt: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, `heddle ${purpose}`, 32))
}
