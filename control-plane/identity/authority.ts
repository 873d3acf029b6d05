import { randomBytes, X509Certificate } from 'node:crypto'
import { keyHash } from '#shared/identity/key-hash.ts'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509Certificate as X509Document,
} from '#shared/identity/x509.ts'

/** An authority with its key: it can sign. */
export type Authority = {
  /** SHA-256 of its key, base64url: what tokens pin. */
  readonly id: string
  readonly certificate: X509Certificate
  readonly pem: string
  /** Certificates that lead from it to one that more people know, PEM; empty where nobody stands above it. */
  readonly above: string
  readonly key: CryptoKey
  /** Its name and the name of its key, as they stand in its certificate: what it signs repeats them to the bit. */
  readonly name: Name
  readonly keyId: string | undefined
  /** Epoch milliseconds. */
  readonly notAfter: number
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
/** How everything of ours is signed. */
export const signing = { name: 'ECDSA', hash: 'SHA-256' } as const
const day = 24 * 3_600_000
export const authorityLifetimeMs = 3_650 * day

/** A new authority of an installation, which signs itself, and its key (PKCS #8), which is told nobody but sealed. */
export async function newAuthority(
  installation: string,
  now: number,
): Promise<{ readonly authority: Authority; readonly pkcs8: Uint8Array }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  // Two authorities of an installation must not have one name: who builds a chain would take either for the other.
  const name = `CN=Heddle ${installation} ${randomBytes(4).toString('hex')}`
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    serialNumber: newSerial(),
    notBefore: new Date(now - day),
    notAfter: new Date(now + authorityLifetimeMs),
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  return { authority: withKey(certificate.toString('pem'), '', await readKey(pkcs8)), pkcs8 }
}

/** An authority from its certificate and its key. Rejects if either is none. */
export async function openAuthority(pem: string, pkcs8: Uint8Array): Promise<Authority> {
  return withKey(pem, '', await readKey(pkcs8))
}

export function withKey(pem: string, above: string, key: CryptoKey): Authority {
  const certificate = new X509Certificate(pem)
  const document = new X509Document(pem)
  return {
    id: keyHash(certificate.publicKey),
    certificate,
    pem: certificate.toString(),
    above,
    key,
    name: document.subjectName,
    keyId: document.getExtension(SubjectKeyIdentifierExtension)?.keyId,
    notAfter: certificate.validToDate.getTime(),
  }
}

/** It cannot be taken out of the process again. */
export function readKey(pkcs8: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), algorithm, false, ['sign'])
}

/** 128 random bits, positive and always 32 digits, so that it is the same text to every reader. */
export function newSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex').toUpperCase()
}
