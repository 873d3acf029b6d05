import { TLSSocket } from 'node:tls'
import { explainError } from '#shared/failure/failure.ts'
import { type NodeCertificate, readNodeCertificate } from '#shared/identity/certificate.ts'
import { type Bounds, boundsOf } from '#shared/identity/scope.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { renew } from '../identity/enrol.ts'
import type { Identities } from '../identity/identities.ts'
import type { Greet, Guest } from '../ingest/agents/session/guest.ts'

/** As which node an agent comes, by the certificate of its connection. What that lets it do is judged in its session. */
export function greetBy(identities: Identities, log: Logger): Greet {
  return ({ socket }) => {
    if (!(socket instanceof TLSSocket)) return { kind: 'stranger' }
    const shown = identities.shownIn(socket)
    if (shown.kind === 'node') return { kind: 'guest', guest: new CertifiedNode(shown.certificate, identities, log) }
    const why = shown.kind === 'none' ? 'it shows no certificate' : shown.why
    log.warn({ from: socket.remoteAddress, why }, 'an agent without a certificate of ours was refused')
    return { kind: 'stranger' }
  }
}

/** A node in one connection: it may get further certificates there. */
class CertifiedNode implements Guest {
  readonly node: string
  readonly #identities: Identities
  readonly #log: Logger
  #certificate: NodeCertificate
  #bounds: Bounds | undefined

  constructor(certificate: NodeCertificate, identities: Identities, log: Logger) {
    this.node = certificate.node
    this.#certificate = certificate
    this.#identities = identities
    this.#log = log
  }

  get bounds(): Bounds {
    this.#bounds ??= boundsOf(this.#certificate.scope)
    return this.#bounds
  }

  readonly judge = () => this.#identities.judge(this.#certificate)

  readonly renew: Guest['renew'] = async (csr, machine) => {
    const { node } = this
    try {
      const certificate = this.#certificate.x509.raw
      const answered = await renew(this.#identities.enrolling, { certificate, csr, machine })
      switch (answered.kind) {
        case 'issued': {
          const read = readNodeCertificate(answered.certificate)
          if (read.kind === 'unreadable') throw new Error(read.why)
          this.#certificate = read.certificate
          this.#bounds = undefined
          this.#log.debug({ node, serial: read.certificate.serial }, 'a certificate was renewed')
          return { type: 'renewed', certificate: answered.certificate, trust: answered.trust }
        }
        case 'refused':
          this.#log.warn({ node, code: answered.code, why: answered.why }, 'a certificate was not renewed')
          return { type: 'not-renewed', code: answered.code, message: answered.why, retry: false }
        case 'waiting':
          return { type: 'not-renewed', code: 'ENROLMENT_WAITING', message: 'it waits for approval', retry: true }
      }
    } catch (err) {
      this.#log.warn({ err, node }, 'a certificate could not be renewed now')
      return { type: 'not-renewed', code: 'STORE_UNAVAILABLE', message: explainError(err), retry: true }
    }
  }
}
