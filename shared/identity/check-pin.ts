import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { keyHash } from './key-hash.ts'

export type Pinned =
  /** Who answers is a plane of this authority. */
  | { readonly kind: 'pinned'; readonly authority: X509Certificate }
  /** `why` is a sentence for people. */
  | { readonly kind: 'stranger'; readonly why: string }

const serverAuthentication = '1.3.6.1.5.5.7.3.1'

/**
 * Whether who answers is a plane of the authority that a token pins, and may be given the token: before that nobody is trusted who could
 * say so. That it has the key of its certificate is what the TLS handshake has proven.
 * @param shown the certificates that it showed, its own first
 * @param host the name or address under which it was asked
 * @param now epoch milliseconds
 */
export function checkPin(shown: readonly X509Certificate[], pin: string, host: string, now: number): Pinned {
  const [own, ...others] = shown
  if (!own) return stranger('it showed no certificate')
  const authority = others.find((each) => each.ca && hashOf(each) === pin)
  if (!authority) return stranger('it showed no authority with the key that the token pins')
  // The authority's certificate is no secret: anybody can show it.
  if (!own.checkIssued(authority) || !own.verify(authority.publicKey)) {
    return stranger('its certificate is not signed by the authority that the token pins')
  }
  if (own.ca || !own.keyUsage?.includes(serverAuthentication)) return stranger('its certificate is not for a server')
  if (!isNamed(own, host)) return stranger(`its certificate is not for ${host}`)
  if (now < own.validFromDate.getTime() || now >= own.validToDate.getTime()) {
    return stranger(`its certificate holds from ${own.validFromDate.toISOString()} to ${own.validToDate.toISOString()}`)
  }
  return { kind: 'pinned', authority }
}

function hashOf(certificate: X509Certificate): string {
  try {
    return keyHash(certificate.publicKey)
  } catch {
    // Of a kind that this program does not know.
    return ''
  }
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  return (
    (isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(host)) !== undefined
  )
}

function stranger(why: string): Pinned {
  return { kind: 'stranger', why }
}
