import { isIP } from 'node:net'
import { Failure } from '#shared/failure/failure.ts'
import { backdatedMs, encodeScope, nodeUri, scopeExtension } from '#shared/identity/certificate.ts'
import type { Scope } from '#shared/identity/scope.ts'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '#shared/identity/x509.ts'
import { type Authority, newSerial, signing } from './authority.ts'

const hour = 3_600_000
export const nodeLifetimeMs = 24 * hour
export const serverLifetimeMs = 30 * 24 * hour

export type Issued = {
  readonly pem: string
  readonly serial: string
  /** Epoch milliseconds. */
  readonly issuedAt: number
  readonly notAfter: number
}

export type NodeWish = {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array
  readonly installation: string
  readonly node: string
  readonly scope: Scope
  /** Epoch milliseconds. */
  readonly now: number
}

/** A certificate by which a node is known. */
export function issueNodeCertificate(authority: Authority, wish: NodeWish): Promise<Issued> {
  const { publicKey, installation, node, scope, now } = wish
  return issue(authority, publicKey, {
    name: node,
    now,
    lifetimeMs: nodeLifetimeMs,
    usages: [ExtendedKeyUsage.clientAuth],
    names: [{ type: 'url', value: nodeUri(installation, node) }],
    extensions: [new Extension(scopeExtension, false, encodeScope(scope))],
  })
}

export type ServerWish = {
  readonly publicKey: Uint8Array
  /** Names and addresses under which it is asked; at least one. */
  readonly names: readonly string[]
  readonly now: number
}

/** A certificate for a plane's own server. */
export function issueServerCertificate(authority: Authority, { publicKey, names, now }: ServerWish): Promise<Issued> {
  const [name = 'localhost'] = names
  return issue(authority, publicKey, {
    // No common name is longer, and nobody looks at it where there are alternative names.
    name: name.slice(0, 64),
    now,
    lifetimeMs: serverLifetimeMs,
    usages: [ExtendedKeyUsage.serverAuth],
    names: [...new Set(names)].map((each) => ({ type: isIP(each) === 0 ? 'dns' : 'ip', value: each })),
    extensions: [],
  })
}

async function issue(
  authority: Authority,
  spki: Uint8Array,
  {
    name,
    now,
    lifetimeMs,
    usages,
    names,
    extensions,
  }: {
    readonly name: string
    readonly now: number
    readonly lifetimeMs: number
    readonly usages: ExtendedKeyUsage[]
    readonly names: JsonGeneralNames
    readonly extensions: readonly Extension[]
  },
): Promise<Issued> {
  if (authority.notAfter <= now) {
    const message = `The authority that signs ended at ${new Date(authority.notAfter).toISOString()}.`
    throw new Failure('AUTHORITY_UNUSABLE', message)
  }
  const publicKey = new PublicKey(new Uint8Array(spki))
  const serial = newSerial()
  // No certificate outlives the authority that signed it. Certificates know no parts of a second.
  const notAfter = Math.floor(Math.min(now + lifetimeMs, authority.notAfter) / 1000) * 1000
  const issuedAt = Math.floor(now / 1000) * 1000
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial,
    subject: [{ CN: [name] }],
    issuer: authority.name,
    notBefore: new Date(issuedAt - backdatedMs),
    notAfter: new Date(notAfter),
    publicKey,
    signingKey: authority.key,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages),
      new SubjectAlternativeNameExtension(names),
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...(authority.keyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(authority.keyId)]),
      ...extensions,
    ],
  })
  return { pem: `${certificate.toString('pem')}\n`, serial, issuedAt, notAfter }
}
