import type { TLSSocket } from 'node:tls'
import { Failure } from '#shared/failure/failure.ts'
import { type NodeCertificate, readNodeCertificate } from '#shared/identity/certificate.ts'
import { type Judged, judgeSigned, signed } from '#shared/identity/judge-certificate.ts'
import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { IdentityStore, Revocation } from '../fleet/identity.ts'
import { forgettable, type RevokedNow, revokedBy, united } from '../fleet/revoked.ts'
import type { Authority } from './authority.ts'
import type { EnrolParts } from './enrol.ts'
import { type Authorities, authoritiesOf, openAuthorities } from './open-authorities.ts'
import { rotate } from './rotate.ts'
import type { RotationStep } from './rotation.ts'

/** Another place than the store where revocations are kept. */
export type RevocationCopy = {
  /** For messages. */
  readonly name: string
  /** What it knows; rejects where it cannot be read. */
  readonly read: () => Promise<readonly Revocation[]>
  readonly write: (revocations: readonly Revocation[]) => Promise<void>
}

export type IdentitiesParts = {
  readonly store: IdentityStore
  readonly installation: string
  readonly secret: Uint8Array
  readonly outside: readonly Authority[]
  readonly copies: readonly RevocationCopy[]
  readonly log: Logger
  /** See `EnrolParts`. */
  readonly vouch?: EnrolParts['vouch']
  /** Epoch milliseconds. */
  readonly now?: () => number
  /** How often the store is looked at, milliseconds. */
  readonly everyMs?: number
}

/** Who shows himself by a certificate in a TLS handshake. */
export type ShownNode =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'node'; readonly certificate: NodeCertificate }

const usuallyEveryMs = 1_000
/** Certificates that are kept as they were read: one for each node, and those before. */
const mostKept = 25_000

/**
 * Who is known, whom this plane trusts, and what was revoked, kept up to date with the store: what another plane changes counts here within
 * a second. While the store is away all is as it was.
 */
export class Identities implements AsyncDisposable {
  readonly #parts: IdentitiesParts
  readonly #closing = new AbortController()
  readonly #listeners = new Set<() => void>()
  readonly #read = new Map<string, ShownNode>()
  /** By whom certificates are signed, as far as that was reckoned: undefined where nobody is trusted. */
  #signers = new WeakMap<NodeCertificate, { readonly by: NodeCertificate['x509'] | undefined }>()
  #authorities: Authorities
  #rows: readonly Revocation[]
  #revoked: RevokedNow
  #restoredAt: number
  #told: string
  #rounds: Promise<void> | undefined

  /** Makes the first authority if there is none. Rejects as `openAuthorities` does. */
  static async open(parts: IdentitiesParts): Promise<Identities> {
    const { store, installation, secret, outside, copies, log, now = Date.now } = parts
    const authorities = await openAuthorities({ store, installation, secret, outside, now: now() })
    const kept = await store.revocations()
    const elsewhere = await Promise.all(
      copies.map((copy) => copy.read().catch((err: unknown) => nothingOf(copy.name, err, log))),
    )
    const rows = united(kept, ...elsewhere)
    const missing = lost(kept, rows, now())
    if (missing.length > 0) {
      await store.addRevocations(missing)
      log.warn({ revocations: missing.length }, 'revocations that the store had lost were put back')
    }
    const identities = new Identities(parts, authorities, rows)
    await identities.#copy()
    identities.#rounds = identities.#lookInRounds()
    return identities
  }

  private constructor(parts: IdentitiesParts, authorities: Authorities, rows: readonly Revocation[]) {
    this.#parts = parts
    this.#authorities = authorities
    this.#rows = rows
    this.#revoked = revokedBy(rows)
    this.#restoredAt = restoredAt(rows)
    this.#told = factsOf(authorities, rows)
  }

  get authorities(): Authorities {
    return this.#authorities
  }

  /** All that were trusted to sign, PEM. */
  get trust(): string {
    return this.#authorities.trusted.map((each) => each.toString()).join('')
  }

  get revocations(): readonly Revocation[] {
    return this.#rows
  }

  get revoked(): RevokedNow {
    return this.#revoked
  }

  /** What enrolling needs. */
  get enrolling(): EnrolParts {
    const { store, installation, now = Date.now } = this.#parts
    return {
      store,
      installation,
      authorities: () => this.#authorities,
      revocations: () => this.#revoked,
      restoredAt: () => this.#restoredAt,
      now,
      ...(this.#parts.vouch ? { vouch: this.#parts.vouch } : {}),
    }
  }

  get store(): IdentityStore {
    return this.#parts.store
  }

  get installation(): string {
    return this.#parts.installation
  }

  /** Calls `listener` whenever somebody else is trusted or something was revoked. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whom the other end of a TLS connection has shown itself to be. It is not judged. */
  shownIn(socket: Pick<TLSSocket, 'getPeerX509Certificate'>): ShownNode {
    const x509 = socket.getPeerX509Certificate()
    if (!x509) return { kind: 'none' }
    const name = x509.fingerprint256
    const known = this.#read.get(name)
    if (known) return known
    const read = readNodeCertificate(x509.raw)
    const shown: ShownNode =
      read.kind === 'read' ? { kind: 'node', certificate: read.certificate } : { kind: 'unreadable', why: read.why }
    // Anybody can make any number of certificates, and of strangers nothing is kept.
    if (shown.kind !== 'node' || !this.#signerOf(shown.certificate)) return shown
    this.#read.set(name, shown)
    const [oldest] = this.#read.keys()
    if (this.#read.size > mostKept && oldest !== undefined) this.#read.delete(oldest)
    return shown
  }

  /** What who has shown a certificate may do now. */
  judge(certificate: NodeCertificate): Judged {
    const { installation, now = Date.now } = this.#parts
    if (certificate.installation !== installation) {
      const why = `it is of the installation ${certificate.installation}, and this is ${installation}`
      return { may: 'nothing', code: 'CERTIFICATE_FOREIGN', why }
    }
    const by = this.#signerOf(certificate)
    if (by) return judgeSigned(certificate, now(), by, this.#revoked)
    return {
      may: 'nothing',
      code: 'CERTIFICATE_FOREIGN',
      why: 'it is signed by no authority that this installation trusts',
    }
  }

  /** Looks what others have changed. Rejects as the store does. */
  async look(): Promise<void> {
    const { store, log } = this.#parts
    const [kept, found] = await Promise.all([store.authorities(), store.revocations()])
    // What is known here and gone there was restored over: it counts until it ends.
    const rows = united(
      found,
      this.#rows.filter(({ endsAt }) => endsAt >= forgettable(Date.now())),
    )
    if (factsOf({ kept }, rows) === this.#told) return
    const authorities = await authoritiesOf(kept, this.#parts)
    this.#told = factsOf(authorities, rows)
    this.#authorities = authorities
    this.#signers = new WeakMap()
    this.#rows = rows
    this.#revoked = revokedBy(rows)
    this.#restoredAt = restoredAt(rows)
    for (const listener of [...this.#listeners]) listener()
    await this.#copy().catch(warn(log, 'revocations could not be copied'))
  }

  /** Takes in what another place knows. Resolves with how much of it the store had lost; rejects as the store does. */
  async learn(elsewhere: readonly Revocation[]): Promise<number> {
    const { store, now = Date.now } = this.#parts
    const missing = lost(await store.revocations(), elsewhere, now())
    if (missing.length === 0) return 0
    await store.addRevocations(missing)
    await this.look()
    return missing.length
  }

  /** Takes the next step of a rotation, if one is due; resolves with it. Rejects as the store does. */
  async rotate(facts: { readonly asked: boolean; readonly confirmed: boolean }): Promise<RotationStep | undefined> {
    const { now = Date.now } = this.#parts
    const step = await rotate(this.#parts, { ...facts, now: now() })
    if (step) await this.look()
    return step
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#rounds
  }

  #signerOf(certificate: NodeCertificate): NodeCertificate['x509'] | undefined {
    const known = this.#signers.get(certificate)
    if (known) return known.by
    const by = this.#authorities.trusted.find((each) => signed(each, certificate))
    this.#signers.set(certificate, { by })
    return by
  }

  async #copy(): Promise<void> {
    for (const copy of this.#parts.copies) {
      await copy.write(this.#rows).catch((cause: unknown) => {
        const message = `Revocations could not be copied to ${copy.name}.`
        warn(this.#parts.log, message)(new Failure('STATE_UNWRITABLE', message, { cause }))
      })
    }
  }

  #lookInRounds(): Promise<void> {
    const { everyMs = usuallyEveryMs, log } = this.#parts
    const pace = { everyMs, afterFailureMs: (failures: number) => Math.min(everyMs * failures, 5_000) }
    return repeat(() => this.look(), pace, warn(log, 'who is known could not be looked at'), this.#closing.signal)
  }
}

/** A backup that was restored does not know what was revoked after it. */
function lost(kept: readonly Revocation[], rows: readonly Revocation[], now: number): readonly Revocation[] {
  const known = new Set(kept.map(({ subject }) => subject))
  return rows.filter(({ subject, endsAt }) => !known.has(subject) && endsAt >= forgettable(now))
}

function nothingOf(name: string, err: unknown, log: Logger): readonly Revocation[] {
  log.error({ err, copy: name }, 'the copy of revocations could not be read')
  return []
}

function restoredAt(rows: readonly Revocation[]): number {
  return Math.max(0, ...rows.map((each) => (each.kind === 'held' ? each.until : 0)))
}

function factsOf({ kept }: Pick<Authorities, 'kept'>, rows: readonly Revocation[]): string {
  return JSON.stringify([kept.map(({ id, state, since }) => [id, state, since]), rows.map(({ subject }) => subject)])
}
