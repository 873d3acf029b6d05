import { createHash } from 'node:crypto'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Cache } from '#shared/tokens/cache.ts'
import { endNamedIn } from '#shared/tokens/token.ts'
import { readVerifyAnswer } from '#shared/tokens/verify-answer.ts'
import type { Zervi } from '../zervi/client.ts'
import type { ZerviConfig } from '../zervi/config.ts'
import { grantsOf } from '../zervi/grants.ts'
import type { Caller } from './caller.ts'

export type Vouched = { readonly kind: 'caller'; readonly caller: Caller } | { readonly kind: 'unknown' }

export type VouchParts = {
  readonly zervi: Zervi
  readonly config: Pick<ZerviConfig, 'verify_path' | 'cache' | 'permissions' | 'permissions_claim'>
  readonly log: Logger
  readonly now?: () => number
}

/** A no is asked again soon: somebody may just have been let in. */
export const refusedForMs = 5_000
/** Tokens that are asked about at once. */
const mostOpen = 256
const mostLength = 8_192

/** Has Zervi say who callers are whose tokens are none of ours: each is asked about once at a time. */
export class Voucher {
  readonly #parts: VouchParts
  readonly #now: () => number
  readonly #granted = new Cache<Caller>({ most: 10_000, mostWeight: 10_000 })
  // Apart, so that a flood of bad tokens does not push out the good ones.
  readonly #refused = new Cache<true>({ most: 2_000, mostWeight: 2_000 })
  readonly #open = new Map<string, Promise<Vouched>>()
  #why: string | undefined

  constructor(parts: VouchParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /** What a person should know; undefined: it answers. */
  get trouble(): string | undefined {
    return this.#why === undefined
      ? undefined
      : `VOUCHER_UNAVAILABLE: Zervi cannot be asked about tokens: ${this.#why}.`
  }

  /** Who it is where that is known. */
  remembered(text: string): Caller | undefined {
    return this.#granted.get(keyOf(text), this.#now())
  }

  /** Whether somebody counts still who was let in: an answer of his is not gone on with for longer. */
  counts(id: string): boolean {
    return this.#granted.get(id, this.#now()) !== undefined
  }

  /** Rejects with VOUCHER_UNAVAILABLE where it cannot be told: then nobody is let in. */
  verify(text: string): Promise<Vouched> {
    const key = keyOf(text)
    const now = this.#now()
    const caller = this.#granted.get(key, now)
    if (caller) return Promise.resolve({ kind: 'caller', caller })
    const isOver = (endNamedIn(`Bearer ${text}`) ?? Number.POSITIVE_INFINITY) <= now
    if (text === '' || text.length > mostLength || isOver || this.#refused.get(key, now)) {
      return Promise.resolve({ kind: 'unknown' })
    }
    const open = this.#open.get(key)
    if (open) return open
    if (this.#open.size >= mostOpen) {
      const failure = new Failure('VOUCHER_UNAVAILABLE', 'Too many tokens are asked about at once.', {
        retryable: true,
      })
      return Promise.reject(failure)
    }
    const asked = this.#ask(text, key).finally(() => this.#open.delete(key))
    this.#open.set(key, asked)
    return asked
  }

  async #ask(text: string, key: string): Promise<Vouched> {
    const { zervi, config } = this.#parts
    const { verify_path: path, permissions_claim: claim } = config
    const answer = await zervi.ask({ method: 'POST', path, token: text, json: { token: text } })
    const verdict =
      answer.kind === 'failed' ? ({ ...answer, kind: 'unclear' } as const) : readVerifyAnswer(answer, claim)
    this.#tell(verdict.kind === 'unclear' ? verdict.why : undefined)
    switch (verdict.kind) {
      case 'unclear':
        throw new Failure('VOUCHER_UNAVAILABLE', `Zervi cannot say whose token it is: ${verdict.why}.`, {
          retryable: true,
        })
      case 'invalid':
        this.#refused.set(key, true, { until: this.#now() + refusedForMs, weight: 1 })
        return { kind: 'unknown' }
      // It is known, and may nothing.
      case 'forbidden':
        return this.#grant(key, 'forbidden', [], refusedForMs)
      case 'valid': {
        const now = this.#now()
        const ends = [endNamedIn(`Bearer ${text}`), verdict.endsAt].filter((end) => end !== undefined)
        const forMs = Math.min(config.cache, ...ends.map((end) => end - now))
        if (forMs < 0) return { kind: 'unknown' }
        return this.#grant(key, verdict.subject ?? 'unnamed', grantsOf(verdict.permissions, config.permissions), forMs)
      }
    }
  }

  #grant(key: string, subject: string, permissions: Caller['permissions'], forMs: number): Vouched {
    const caller: Caller = { kind: 'vouched', name: `zervi:${nameOf(subject)}`, id: key, permissions }
    if (forMs > 0) this.#granted.set(key, caller, { until: this.#now() + forMs, weight: 1 })
    return { kind: 'caller', caller }
  }

  /** The same again and again is told once. */
  #tell(why: string | undefined): void {
    if (why === this.#why) return
    this.#why = why
    if (why === undefined) this.#parts.log.info('Zervi answers about tokens again')
    else this.#parts.log.warn({ why }, 'Zervi cannot be asked about tokens: nobody is let in by it')
  }
}

/** Under which nothing of the token itself is kept. */
function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Names are shown and logged. */
function nameOf(subject: string): string {
  return subject.replace(/[^\p{L}\p{N}._@-]/gu, '_').slice(0, 100)
}
