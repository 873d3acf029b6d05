import { generateKeyPair, type KeyObject } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import { promisify } from 'node:util'
import type { Logger } from '#shared/logging/logger.ts'
import { type Issued, issueServerCertificate, nodeLifetimeMs } from './issue.ts'
import type { Authorities } from './open-authorities.ts'

/** A server that can be given another certificate while it serves. */
export type Secured = { setSecureContext(options: SecureContextOptions): void }

export type ServerCertificateParts = {
  readonly authorities: () => Authorities
  /** By which who comes back is known; the same at all planes. */
  readonly ticketKeys: Buffer
  /** Names and addresses under which this plane is asked now. */
  readonly names: () => readonly string[]
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly log: Logger
}

const makeKeys = promisify(generateKeyPair)

/** What every server of ours asks of TLS. Nobody is refused for his certificate in the handshake: it is judged afterwards, by what is known. */
export const tlsServer = {
  minVersion: 'TLSv1.3',
  /** The first that both know: processors have instructions for SHA-256, which each handshake runs a hundred times, and none for SHA-384. */
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  requestCert: true,
  rejectUnauthorized: false,
  /** Who has not finished by then is cut. */
  handshakeTimeout: 10_000,
} as const

/** The certificate of a plane's own servers, and its key, which is made anew at each start and is in no file. */
export class ServerCertificate {
  readonly #parts: ServerCertificateParts
  readonly #key: string
  readonly #spki: Uint8Array
  readonly #servers = new Set<Secured>()
  #issued: Issued
  #facts: string

  static async make(parts: ServerCertificateParts): Promise<ServerCertificate> {
    const { publicKey, privateKey } = await makeKeys('ec', { namedCurve: 'P-256' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    const issued = await issue(parts, spki)
    return new ServerCertificate(parts, privateKey, spki, issued)
  }

  private constructor(parts: ServerCertificateParts, key: KeyObject, spki: Uint8Array, issued: Issued) {
    this.#parts = parts
    this.#key = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    this.#spki = spki
    this.#issued = issued
    this.#facts = factsOf(parts)
  }

  get notAfter(): number {
    return this.#issued.notAfter
  }

  /** For servers that begin with it. */
  get context(): SecureContextOptions & { readonly ticketKeys: Buffer } {
    const { active } = this.#parts.authorities()
    // Agents that have nothing but a token look for the authority among the certificates that they are shown.
    const cert = this.#issued.pem + active.pem + active.above
    const { minVersion, ciphers } = tlsServer
    const { ticketKeys } = this.#parts
    // A ticket holds the certificate that was shown, and is of no use when that has ended.
    const tickets = { sessionIdContext: 'heddle', ticketKeys, sessionTimeout: nodeLifetimeMs / 1_000 }
    return { cert, key: this.#key, minVersion, ciphers, ...tickets }
  }

  /** Keeps a server's certificate up to date. Returns how to stop. */
  keep(server: Secured): () => void {
    this.#servers.add(server)
    return () => this.#servers.delete(server)
  }

  /** Makes the next one at half of its life, and whenever another authority signs or it is asked under other names. No connection ends by that. */
  async look(): Promise<void> {
    const { now, log } = this.#parts
    const facts = factsOf(this.#parts)
    const { issuedAt, notAfter } = this.#issued
    if (facts === this.#facts && now() < issuedAt + (notAfter - issuedAt) / 2) return
    this.#issued = await issue(this.#parts, this.#spki)
    this.#facts = facts
    const { context } = this
    for (const server of this.#servers) server.setSecureContext(context)
    log.info({ until: new Date(this.#issued.notAfter).toISOString() }, "the plane's own certificate was renewed")
  }
}

function issue({ authorities, names, now }: ServerCertificateParts, publicKey: Uint8Array): Promise<Issued> {
  return issueServerCertificate(authorities().active, { publicKey, names: names(), now: now() })
}

function factsOf({ authorities, names }: ServerCertificateParts): string {
  return JSON.stringify([authorities().active.id, [...names()].sort()])
}
