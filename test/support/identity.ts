import type { webcrypto } from 'node:crypto'
import { type Authority, newAuthority } from '#control-plane/identity/authority.ts'
import { type Issued, issueNodeCertificate } from '#control-plane/identity/issue.ts'
import { everything, type Scope } from '#shared/identity/scope.ts'
import { type Extension, PemConverter, Pkcs10CertificateRequestGenerator } from '#shared/identity/x509.ts'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }

export const installation = 'i-0123456789abcdef'
export const node = 'n-abcdefghijkl'
export const scope: Scope = { ...everything, v: 1, site: 'tencent', enrolment: 1 }

/** A key, and how it is written in PEM. */
export async function newKey(): Promise<{
  readonly pair: webcrypto.CryptoKeyPair
  /** PKCS #8, PEM */
  readonly pem: string
  /** SubjectPublicKeyInfo, DER */
  readonly publicKey: Uint8Array
}> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const pem = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', pair.privateKey), 'PRIVATE KEY')
  return { pair, pem, publicKey: new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey)) }
}

/** A request for a certificate (PKCS #10, PEM) that asks for whatever it likes. */
export async function requestOf(
  pair: webcrypto.CryptoKeyPair,
  { name = 'CN=anything', extensions = [] }: { readonly name?: string; readonly extensions?: Extension[] } = {},
): Promise<string> {
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys: pair, signingAlgorithm, extensions })
  return request.toString('pem')
}

/** An authority of the installation. */
export async function someAuthority(now = Date.now(), of = installation): Promise<Authority> {
  return (await newAuthority(of, now)).authority
}

/** A node's certificate and its key, PEM. */
export async function someNode(
  authority: Authority,
  wish: Partial<Parameters<typeof issueNodeCertificate>[1]> = {},
): Promise<Issued & { readonly key: string }> {
  const { pem, publicKey } = await newKey()
  const issued = await issueNodeCertificate(authority, {
    publicKey,
    installation,
    node,
    scope,
    now: Date.now(),
    ...wish,
  })
  return { ...issued, key: pem }
}
