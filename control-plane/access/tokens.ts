import { timingSafeEqual } from 'node:crypto'
import { type ApiToken, apiSecretHash, readApiToken } from '#shared/access/token.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { AccessStore, StoredApiToken, TryLimits } from '../fleet/access.ts'
import type { Caller } from './caller.ts'
import type { AccessConfig } from './config.ts'
import { networkOf } from './network-of.ts'

export type Verified =
  | { readonly kind: 'caller'; readonly caller: Caller }
  /** `why` tells nothing that only who has the secret should know. */
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'locked'; readonly forMs: number }

export type TokensParts = {
  readonly store: Pick<AccessStore, 'apiToken' | 'usedApiToken' | 'countTries' | 'lockedTries'>
  readonly limits: AccessConfig['lockout']
  /** Hears that somebody is refused from now on: a token at an address, or an address. */
  readonly onLocked: (subject: string, from: string) => Promise<void>
  readonly log: Logger
  readonly now?: () => number
}

/** What the store says counts for so long: a token that was taken back on another plane is refused after it. */
export const knownForMs = 2_000
const usedEveryMs = 60_000
/** Tokens that are remembered. */
const mostKnown = 10_000

type Known = { readonly token: StoredApiToken | undefined; readonly readAt: number }

const nobody = Buffer.from(apiSecretHash(''))
const wrong = 'the token is not valid'

/** Tells by their tokens who callers are, and refuses for a while who tries many. */
export class AccessTokens {
  readonly #parts: TokensParts
  readonly #now: () => number
  readonly #known = new Map<string, Known>()
  readonly #usedAt = new Map<string, number>()
  #locked: ReadonlyMap<string, number> = new Map()
  #lockedReadAt = Number.NEGATIVE_INFINITY

  constructor(parts: TokensParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /** Forgets what is known of a token: it was changed here. */
  forget(id: string): void {
    this.#known.delete(id)
  }

  /** Whether a token counts still. Rejects as the store does. */
  async counts(id: string): Promise<boolean> {
    const now = this.#now()
    const token = await this.#read(id, now)
    return token !== undefined && endOf(token) > now
  }

  /** Who it is where that is known without asking the store. */
  remembered(text: string, from: string): Caller | undefined {
    const now = this.#now()
    if (now - this.#lockedReadAt > knownForMs) return undefined
    const given = readApiToken(text)
    const known = given && this.#known.get(given.id)
    if (!given || !known?.token || now - known.readAt > knownForMs) return undefined
    if (this.#lockedFor(subjectsOf(given, from).one, now) > 0) return undefined
    if (!isSame(given, known.token) || endOf(known.token) <= now) return undefined
    this.#use(known.token, now)
    return callerOf(known.token)
  }

  /** @param from the address that it came from. Rejects as the store does: then nobody is known. */
  async verify(text: string, from: string): Promise<Verified> {
    const now = this.#now()
    const given = readApiToken(text)
    const subjects = subjectsOf(given, from)
    await this.#readLocked(now)
    const forMs = this.#lockedFor(subjects.one, now)
    if (forMs > 0) return { kind: 'locked', forMs }
    const token = given && (await this.#read(given.id, now))
    // The same is done whether or not there is such a token.
    const fits = isSame(given, token)
    if (!given || !token || !fits) {
      // Many callers may share an address: those of them who have a token that counts go on.
      const forMs = this.#lockedFor(subjects.address, now)
      if (forMs > 0) return { kind: 'locked', forMs }
      await this.#count(subjects, from, now)
      return { kind: 'unknown', why: wrong }
    }
    if (token.endedAt !== undefined) return { kind: 'unknown', why: 'the token was taken back' }
    if (token.expiresAt <= now) return { kind: 'unknown', why: 'the token has expired' }
    this.#use(token, now)
    return { kind: 'caller', caller: callerOf(token) }
  }

  /** For how long an address is refused that tried much. Rejects as the store does. */
  async lockedFor(from: string): Promise<number> {
    const now = this.#now()
    await this.#readLocked(now)
    return this.#lockedFor(subjectsOf(undefined, from).address, now)
  }

  /** Counts a failed try of an address by something that is no token of ours. Rejects as the store does. */
  async failed(from: string): Promise<void> {
    await this.#count(subjectsOf(undefined, from), from, this.#now())
  }

  async #read(id: string, now: number): Promise<StoredApiToken | undefined> {
    const known = this.#known.get(id)
    if (known && now - known.readAt <= knownForMs) return known.token
    const token = await this.#parts.store.apiToken(id)
    if (this.#known.size >= mostKnown) this.#known.clear()
    // Of those that are not there nothing is remembered: an attacker could have any number of them remembered.
    if (token) this.#known.set(id, { token, readAt: now })
    return token
  }

  async #readLocked(now: number): Promise<void> {
    if (now - this.#lockedReadAt <= knownForMs) return
    const tries = await this.#parts.store.lockedTries(now)
    this.#locked = new Map(tries.map(({ subject, lockedUntil = 0 }) => [subject, lockedUntil]))
    this.#lockedReadAt = now
  }

  #lockedFor(subject: string, now: number): number {
    return Math.max(0, (this.#locked.get(subject) ?? 0) - now)
  }

  async #count({ one, address }: Subjects, from: string, now: number): Promise<void> {
    const { failures, failures_of_address, within: withinMs, lasts: lockMs } = this.#parts.limits
    const of = (failures: number): TryLimits => ({ failures, withinMs, lockMs })
    const tries = [
      ...(one === address ? [] : [{ subject: one, limits: of(failures) }]),
      { subject: address, limits: of(failures_of_address) },
    ]
    const locked = await this.#parts.store.countTries(tries, now)
    if (locked.length === 0) return
    this.#locked = new Map([...this.#locked, ...locked.map((subject) => [subject, now + lockMs] as const)])
    for (const subject of locked) await this.#parts.onLocked(subject, from)
  }

  #use({ id, lastUsedAt = 0 }: StoredApiToken, now: number): void {
    const last = Math.max(lastUsedAt, this.#usedAt.get(id) ?? 0)
    if (now - last < usedEveryMs) return
    if (this.#usedAt.size >= mostKnown) this.#usedAt.clear()
    this.#usedAt.set(id, now)
    this.#parts.store.usedApiToken(id, now).catch(warn(this.#parts.log, 'when a token was used could not be kept'))
  }
}

/** What is counted: a token at an address, so that nobody locks others out by the name of their token; and the address. */
type Subjects = { readonly one: string; readonly address: string }

function subjectsOf(given: ApiToken | undefined, from: string): Subjects {
  const network = networkOf(from)
  const address = `address:${network}`
  return { one: given ? `token:${given.id}@${network}` : address, address }
}

function isSame(given: ApiToken | undefined, token: StoredApiToken | undefined): boolean {
  const hash = Buffer.from(apiSecretHash(given?.secret ?? ''))
  const wanted = token ? Buffer.from(token.secretHash) : nobody
  return timingSafeEqual(hash, wanted.length === hash.length ? wanted : nobody) && token !== undefined
}

function endOf({ endedAt, expiresAt }: StoredApiToken): number {
  return Math.min(endedAt ?? Number.POSITIVE_INFINITY, expiresAt)
}

function callerOf({ id, kind, name, role, permissions, tenant }: StoredApiToken): Caller {
  return {
    kind,
    name: `${kind}:${name}`,
    id,
    permissions,
    ...(role === undefined ? {} : { role }),
    ...(tenant === undefined ? {} : { tenant }),
  }
}
