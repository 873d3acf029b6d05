import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'
import { explainError } from '#shared/failure/failure.ts'
import { readMountedSecret, readSecret } from '#shared/files/read-secret.ts'
import { certificatesIn } from '#shared/identity/certificates-in.ts'
import { keyHash } from '#shared/identity/key-hash.ts'
import { readToken } from '#shared/identity/token.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { askPlane, Granted } from './ask-plane.ts'
import { type Credentials, keepCredentials, keepKey, keptCredentials, readCredentials } from './credentials.ts'
import { makeRequest } from './make-request.ts'
import { renewAt, stageOf } from './stage.ts'

/** How a plane is to be connected to. */
export type Ready =
  | { readonly kind: 'plain' }
  /** `onSession` takes what lets the next connection begin with less. */
  | { readonly kind: 'tls'; readonly options: ConnectionOptions; readonly onSession: (session: Buffer) => void }
  | { readonly kind: 'failed'; readonly why: string }

export type MembershipState = {
  readonly state: 'none' | 'enrolled' | 'waiting' | 'expired'
  /** Until when the certificate holds, epoch milliseconds. */
  readonly notAfter?: number
  /** Why there is none, or what the plane said when it was asked for the next one. */
  readonly why?: string
}

export type MembershipParts = {
  /** Where key and certificate are. */
  readonly folder: string
  readonly node: string
  readonly machine: string
  readonly site: string
  readonly tokenFile: string | undefined
  /** In place of that: the token of its service account, and whom the plane has to be signed by (PEM). */
  readonly inPod?: { readonly tokenFile: string; readonly caFile: string } | undefined
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now?: () => number
}

/** What no renewal can mend: the node has to be let in anew. */
const unwelcome = new Set([
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_FOREIGN',
  'CERTIFICATE_REVOKED',
  'IDENTITY_KEY_REPLACED',
  'IDENTITY_SUPERSEDED',
  'IDENTITY_UNKNOWN',
])

/** By what this node is known to planes that are asked over TLS: it is enrolled by a token once, and keeps its certificate fresh. */
export class Membership {
  readonly #parts: MembershipParts
  readonly #key: string
  readonly #sessions = new Map<string, Buffer>()
  #credentials: Credentials | undefined
  #renewAt = 0
  #request: Promise<string> | undefined
  /** What a plane said of the certificate: it is of no use any more. */
  #unwelcome: string | undefined
  #waiting = false
  #why: string | undefined

  /** Makes the key if there is none. Rejects with STATE_UNWRITABLE. */
  static async open(parts: MembershipParts): Promise<Membership> {
    const key = await keepKey(parts.folder)
    return new Membership(parts, key, await keptCredentials(parts.folder, key, parts.node))
  }

  private constructor(parts: MembershipParts, key: string, kept: Credentials | undefined) {
    this.#parts = parts
    this.#key = key
    if (kept) this.#use(kept)
  }

  get state(): MembershipState {
    const credentials = this.#credentials
    const why = this.#why === undefined ? {} : { why: this.#why }
    if (this.#waiting) return { state: 'waiting', ...why }
    if (!credentials) return { state: 'none', ...why }
    const { notAfter } = credentials
    return { state: this.#now < notAfter ? 'enrolled' : 'expired', notAfter, ...why }
  }

  /** The authorities that it trusts, by the hashes of their keys. */
  get trusts(): readonly string[] {
    return this.#credentials ? certificatesIn(this.#credentials.trust).map(({ publicKey }) => keyHash(publicKey)) : []
  }

  /** In how many milliseconds the certificate is to be renewed; undefined: there is none. */
  get renewInMs(): number | undefined {
    return this.#credentials && Math.max(0, this.#renewAt - this.#now)
  }

  /** How a plane is connected to; gets a certificate first where there is none that holds. Never rejects. */
  async for(plane: string, stop: AbortSignal): Promise<Ready> {
    if (!plane.startsWith('https:')) return { kind: 'plain' }
    try {
      const failed = await this.#fresh(plane, stop)
      const credentials = this.#credentials
      if (failed !== undefined || !credentials) return { kind: 'failed', why: failed ?? 'there is no certificate' }
      const { key, certificate, trust } = credentials
      const session = this.#sessions.get(plane)
      return {
        kind: 'tls',
        options: { key, cert: certificate, ca: trust, ...(session ? { session } : {}) },
        onSession: (next) => {
          // One that came late, after the next certificate, would show the one before.
          if (this.#credentials?.certificate === certificate) this.#sessions.set(plane, next)
        },
      }
    } catch (error) {
      return { kind: 'failed', why: explainError(error) }
    }
  }

  /** A plane refused a session. Where it did so because of the certificate, the node asks to be let in anew when it comes again. */
  refused(code: string): void {
    this.#sessions.clear()
    // By the plane's clock, which counts; whether it may be renewed still is said when that is asked for.
    if (code === 'CERTIFICATE_EXPIRED' && this.#credentials) {
      const { notAfter } = this.#credentials
      this.#credentials = { ...this.#credentials, notAfter: Math.min(notAfter, this.#now) }
    } else if (unwelcome.has(code)) this.#unwelcome = code
  }

  /** A request for the next certificate. */
  request(): Promise<string> {
    this.#request ??= makeRequest(this.#key)
    // One that could not be made is made again.
    this.#request.catch(() => {
      this.#request = undefined
    })
    return this.#request
  }

  /** Takes the next certificate; false: it is none of this node. Rejects with STATE_UNWRITABLE. */
  async take(certificate: string, trust: string): Promise<boolean> {
    const { folder, node, log } = this.#parts
    const next = readCredentials({ key: this.#key, certificate, trust }, node)
    if (!next) return false
    await keepCredentials(folder, next)
    this.#use(next)
    log.info({ until: new Date(next.notAfter).toISOString() }, "the node's certificate is fresh")
    return true
  }

  /** Why the certificate was not renewed when that was asked for in a session; it is asked for again. */
  notRenewed(code: string, message: string): void {
    this.#why = `${code}: ${message}`
    this.#parts.log.warn({ code }, message)
  }

  /** The authorities that the plane wants it to trust; false: it does so already. Rejects with STATE_UNWRITABLE. */
  async trust(pem: string): Promise<boolean> {
    const credentials = this.#credentials
    if (!credentials || credentials.trust === pem || certificatesIn(pem).length === 0) return false
    const next = { ...credentials, trust: pem }
    await keepCredentials(this.#parts.folder, next)
    this.#credentials = next
    return true
  }

  get #now(): number {
    return (this.#parts.now ?? Date.now)()
  }

  /** Sees that there is a certificate that holds. Resolves with why there is none. */
  async #fresh(plane: string, stop: AbortSignal): Promise<string | undefined> {
    const credentials = this.#credentials
    const stage = this.#unwelcome === undefined ? stageOf(credentials, this.#now) : 'anew'
    if (stage === 'holds') return undefined
    if (stage === 'renew' && credentials) {
      const granted = await this.#ask(plane, '/v1/renew', {}, { kind: 'known', credentials }, stop)
      return await this.#granted(granted, 'its certificate expired and was not renewed')
    }
    const { tokenFile, inPod, node, site } = this.#parts
    const lead =
      this.#unwelcome === undefined ? 'it has no certificate' : `${this.#unwelcome}: it has to be let in anew`
    if (inPod) {
      try {
        const [token, ca] = await Promise.all([readMountedSecret(inPod.tokenFile), readFile(inPod.caFile, 'utf8')])
        if (certificatesIn(ca).length === 0) return `${lead}, and ${inPod.caFile} holds no certificate`
        const asked = { token: token.trim(), node, site }
        return await this.#granted(await this.#ask(plane, '/v1/enrol', asked, { kind: 'signed', ca }, stop), lead)
      } catch (error) {
        return `${lead}, and ${explainError(error)}`
      }
    }
    if (tokenFile === undefined) return `${lead}, and no identity.token_file`
    let text: string
    try {
      text = await readSecret(tokenFile)
    } catch (error) {
      return `${lead}, and ${explainError(error)}`
    }
    const read = readToken(text)
    if (read.kind === 'unreadable') return `${lead}; ${tokenFile}: ${read.why}`
    const proof = { kind: 'pin', pin: read.token.pin } as const
    return await this.#granted(
      await this.#ask(plane, '/v1/enrol', { token: text.trim(), node, site }, proof, stop),
      lead,
    )
  }

  async #ask(...[plane, path, body, proof, stop]: Parameters<typeof askPlane>): Promise<Granted> {
    const asking = await import('./ask-plane.ts')
    const { machine } = this.#parts
    return asking.askPlane(plane, path, { ...body, machine, csr: await this.request() }, proof, stop)
  }

  async #granted(granted: Granted, lead: string): Promise<string | undefined> {
    this.#waiting = granted.kind === 'waiting'
    switch (granted.kind) {
      case 'issued':
        if (await this.take(granted.certificate, granted.trust)) return undefined
        this.#why = 'what the plane sent is no certificate of this node'
        break
      case 'waiting':
        this.#why = 'it waits until somebody lets it in: `heddle identity approve`'
        break
      case 'refused':
        this.#why = `${granted.code}: ${granted.why}`
        if (unwelcome.has(granted.code)) this.#unwelcome = granted.code
    }
    return `${lead}; ${this.#why}`
  }

  #use(credentials: Credentials): void {
    this.#credentials = credentials
    this.#renewAt = renewAt(credentials, Math.random())
    this.#unwelcome = undefined
    this.#waiting = false
    this.#why = undefined
    // A connection that goes on where an older one ended shows the older certificate.
    this.#sessions.clear()
  }
}
