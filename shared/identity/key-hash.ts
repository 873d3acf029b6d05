import { createHash, type KeyObject } from 'node:crypto'

/** SHA-256 of a key's SubjectPublicKeyInfo, base64url: what a key is known by, and what tokens pin. */
export function keyHash(key: KeyObject | Uint8Array): string {
  const der = key instanceof Uint8Array ? key : key.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('base64url')
}
