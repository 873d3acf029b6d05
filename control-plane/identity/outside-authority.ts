import { createPrivateKey, X509Certificate } from 'node:crypto'
import { Failure } from '#shared/failure/failure.ts'
import { type Authority, readKey, withKey } from './authority.ts'

/**
 * An authority that somebody else has made for us, mostly one below his own: `certificates` is its certificate and then those above it,
 * PEM; `key` is its key, PEM. Rejects with AUTHORITY_UNUSABLE and what is wrong with it.
 * @param now epoch milliseconds
 */
export async function outsideAuthority(certificates: string, key: string, now: number): Promise<Authority> {
  const [first = '', ...above] = certificates.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (first === '') throw unusable('there is no certificate in its file')
  const certificate = read(() => new X509Certificate(first), 'its certificate cannot be read')
  const privateKey = read(() => createPrivateKey(key), 'its key cannot be read; it must have no pass phrase')
  if (!certificate.ca) throw unusable('its certificate is not that of an authority')
  const { namedCurve } = privateKey.asymmetricKeyDetails ?? {}
  if (namedCurve !== 'prime256v1') throw unusable('its key is not an ECDSA key on P-256')
  if (!certificate.checkPrivateKey(privateKey)) throw unusable('its certificate is of another key')
  if (certificate.validToDate.getTime() <= now) {
    throw unusable(`its certificate expired at ${certificate.validToDate.toISOString()}`)
  }
  if (certificate.validFromDate.getTime() > now) {
    throw unusable(`its certificate holds only from ${certificate.validFromDate.toISOString()}`)
  }
  const chain = above.map((pem) => read(() => new X509Certificate(pem), 'a certificate above it cannot be read'))
  let below = certificate
  for (const each of chain) {
    if (!below.checkIssued(each) || !below.verify(each.publicKey)) {
      throw unusable('the certificates in its file do not each follow from the next')
    }
    below = each
  }
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  return withKey(first, chain.map((each) => each.toString()).join(''), await readKey(pkcs8))
}

function read<T>(make: () => T, what: string): T {
  try {
    return make()
  } catch (cause) {
    throw unusable(what, cause)
  }
}

function unusable(why: string, cause?: unknown): Failure {
  return new Failure('AUTHORITY_UNUSABLE', `The authority of identity.authority cannot sign: ${why}.`, { cause })
}
