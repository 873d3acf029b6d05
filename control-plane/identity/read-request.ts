import { createPublicKey } from 'node:crypto'
import { keyHash } from '#shared/identity/key-hash.ts'
import { Pkcs10CertificateRequest } from '#shared/identity/x509.ts'

export type RequestRead =
  | {
      readonly kind: 'read'
      /** SubjectPublicKeyInfo, DER. */
      readonly publicKey: Uint8Array
      /** What `keyHash` says of it. */
      readonly key: string
    }
  /** `why` is a sentence for people. */
  | { readonly kind: 'invalid'; readonly why: string }

/** Ours take 400. */
const mostCharacters = 8_192

/**
 * Reads a request for a certificate (PKCS #10, PEM) and sees that who made it has the key. Nothing but its key is taken: who it says it is,
 * and what it asks for, is decided by others. Never rejects.
 */
export async function readRequest(pem: string): Promise<RequestRead> {
  if (pem.length > mostCharacters) return invalid(`it is longer than ${mostCharacters} characters`)
  try {
    const request = new Pkcs10CertificateRequest(pem)
    const publicKey = new Uint8Array(request.publicKey.rawData)
    const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return invalid('its key is not an ECDSA key on P-256')
    if (!(await request.verify())) return invalid('it is not signed with its own key')
    // As OpenSSL writes it: a key may come in several forms, and is to be known by one.
    const plain = key.export({ type: 'spki', format: 'der' })
    return { kind: 'read', publicKey: plain, key: keyHash(plain) }
  } catch {
    return invalid('it cannot be read as one')
  }
}

function invalid(why: string): RequestRead {
  return { kind: 'invalid', why }
}
