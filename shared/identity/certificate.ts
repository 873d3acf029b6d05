import { X509Certificate } from 'node:crypto'
import { type BaseBlock, Constructed, fromBER, ObjectIdentifier, OctetString, Sequence, Utf8String } from 'asn1js'
import * as z from 'zod/mini'
import { nodeIdPattern } from '../protocol/identity.ts'
import { keyHash } from './key-hash.ts'
import { Scope } from './scope.ts'

/** A node's certificate as it was read; nothing of it is to be believed before it is judged. */
export type NodeCertificate = {
  readonly x509: X509Certificate
  readonly node: string
  /** The installation that it says it is of. */
  readonly installation: string
  readonly scope: Scope
  /** 32 hexadecimal digits in capitals. */
  readonly serial: string
  /** Epoch milliseconds. */
  readonly issuedAt: number
  readonly notBefore: number
  readonly notAfter: number
  /** What `keyHash` says of its key. */
  readonly key: string
}

export type CertificateRead =
  | { readonly kind: 'read'; readonly certificate: NodeCertificate }
  /** `why` is a sentence for people. */
  | { readonly kind: 'unreadable'; readonly why: string }

/** Names the extension that holds a scope. Of the arc that needs nobody's leave; its numbers stay small, which not every reader could do without. */
export const scopeExtension = '2.25.1893654127'

/** Certificates hold so much longer backwards, for machines whose clocks are behind. */
export const backdatedMs = 5 * 60_000

const clientAuthentication = '1.3.6.1.5.5.7.3.2'
const spiffe = /^URI:spiffe:\/\/([a-z0-9-]{1,63})\/node\/(n-[a-z2-7]{12})$/

/** The name of a node in its certificate. */
export function nodeUri(installation: string, node: string): string {
  return `spiffe://${installation}/node/${node}`
}

/** Reads a node's certificate, DER or PEM. Never throws: anybody may send one. */
export function readNodeCertificate(source: Uint8Array | string): CertificateRead {
  try {
    return readParts(new X509Certificate(source))
  } catch {
    // Some parts of a certificate are looked at only when they are asked for.
    return unreadable('it is no X.509 certificate')
  }
}

function readParts(x509: X509Certificate): CertificateRead {
  // Exactly this: with another name beside it, it would be for something else too.
  const [, installation, node] = spiffe.exec(x509.subjectAltName ?? '') ?? []
  if (installation === undefined || node === undefined || !nodeIdPattern.test(node)) {
    return unreadable('it names no node')
  }
  if (x509.subject !== `CN=${node}`) return unreadable('its subject is not the node that it names')
  if (x509.ca || !x509.keyUsage?.includes(clientAuthentication)) return unreadable('it is not for a client')
  const scope = readScope(x509.raw)
  if (!scope) return unreadable('it has no scope, or one that this version does not know')
  const notBefore = x509.validFromDate.getTime()
  let key: string | undefined
  const certificate = {
    x509,
    node,
    installation,
    scope,
    serial: x509.serialNumber.padStart(32, '0'),
    issuedAt: notBefore + backdatedMs,
    notBefore,
    notAfter: x509.validToDate.getTime(),
    // Of all parts the one that takes longest, and only who renews it asks for it.
    get key() {
      key ??= keyHash(x509.publicKey)
      return key
    },
  }
  return { kind: 'read', certificate }
}

/** What stands in the extension: the scope as JSON, in a UTF8String. */
export function encodeScope(scope: Scope): ArrayBuffer {
  return new Utf8String({ value: JSON.stringify(scope) }).toBER()
}

/** Node's own reader, which is by far the quickest, gives no extension that it does not know. */
function readScope(der: Uint8Array): Scope | undefined {
  const [value, ...more] = extensionsOf(der).filter(({ id }) => id === scopeExtension)
  if (!value || more.length > 0) return undefined
  const { result } = fromBER(value.value)
  if (!(result instanceof Utf8String)) return undefined
  try {
    return z.parse(Scope, JSON.parse(result.getValue()))
  } catch {
    return undefined
  }
}

/** Certificate → tbsCertificate → [3] → extensions → each: its name, whether it is critical, its value. */
function extensionsOf(der: Uint8Array): readonly { readonly id: string; readonly value: ArrayBuffer }[] {
  const [tbs] = childrenOf(fromBER(der).result)
  const tagged = childrenOf(tbs).find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === 3)
  const [extensions] = childrenOf(tagged)
  return childrenOf(extensions).flatMap((extension) => {
    const parts = childrenOf(extension)
    const [id] = parts
    const value = parts.at(-1)
    return id instanceof ObjectIdentifier && value instanceof OctetString
      ? [{ id: id.getValue(), value: value.getValue() }]
      : []
  })
}

function childrenOf(block: BaseBlock | undefined): readonly BaseBlock[] {
  return block instanceof Sequence || block instanceof Constructed ? block.valueBlock.value : []
}

function unreadable(why: string): CertificateRead {
  return { kind: 'unreadable', why }
}
