import * as z from 'zod/mini'
import { Failure } from '#shared/failure/failure.ts'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AskedService } from '#shared/protocol/authorizer.ts'
import { ServiceClient } from './ask-service.ts'
import { type KeySet, names, readKeySet } from './key-set.ts'

/** A key set as it came, and when, in epoch milliseconds. */
export const KeptKeys = z.object({ text: z.string(), at: z.number() })
export type KeptKeys = z.infer<typeof KeptKeys>

export type KeysWanted = { readonly service: AskedService; readonly path: string; readonly refreshMs: number }

export type KeysState = {
  readonly keys: number
  readonly passedOver: number
  /** Since the last good answer, in milliseconds; undefined: there was none. */
  readonly ageMs: number | undefined
  /** Why the last attempt failed; undefined: it did not. */
  readonly why: string | undefined
}

type Parts = {
  readonly kept: KeptKeys | undefined
  /** Another key set than before. */
  readonly onChange: () => void
  readonly log: Logger
}

/** Proxies wait 10 s; a token may wait for a fetch that is under way and for one of its own. */
const timeoutMs = 4_000
const mostBytes = 1024 * 1024
const backoff = { firstMs: 1_000, mostMs: 30_000 }
/** Between two fetches for the sake of unknown keys. */
const leastGapMs = 3_000

/**
 * The key set that a service publishes: fetched again and again, and at once when a token names a key that is not in it. When it cannot
 * be fetched, or is not one, the last good one stays.
 */
export class KeySource implements AsyncDisposable {
  readonly #client: ServiceClient
  readonly #parts: Parts
  readonly #stop = new AbortController()
  readonly #wake = new Wake()
  readonly #ended: Promise<void>
  #wanted: KeysWanted
  #set: KeySet | undefined
  #kept: KeptKeys | undefined
  #fetching: Promise<boolean> | undefined
  #startedAt = Number.NEGATIVE_INFINITY
  #failures = 0
  #why: string | undefined

  constructor(wanted: KeysWanted, parts: Parts) {
    this.#wanted = wanted
    this.#parts = parts
    this.#client = new ServiceClient(wanted.service)
    this.#set = parts.kept && readKeySet(parts.kept.text)
    this.#kept = this.#set && parts.kept
    this.#ended = this.#run()
  }

  /** The same object as long as it is the same set. */
  get set(): KeySet | undefined {
    return this.#set
  }

  /** As it is to be kept on disk. */
  get kept(): KeptKeys | undefined {
    return this.#kept
  }

  get state(): KeysState {
    const ageMs = this.#kept && Math.max(0, Date.now() - this.#kept.at)
    const { keys = [], passedOver = 0 } = this.#set ?? {}
    return { keys: keys.length, passedOver, ageMs, why: this.#why }
  }

  get endpoints(): number {
    return this.#client.endpoints.length
  }

  /** The same key set, asked for elsewhere or at another pace. */
  want(wanted: KeysWanted): void {
    const sooner = wanted.refreshMs < this.#wanted.refreshMs
    this.#wanted = wanted
    this.#client.move(wanted.service)
    if (this.#failures > 0 || !this.#set || sooner) this.#wake.ring()
  }

  /**
   * Fetches the key set for a token that names a key which is not in it, unless that was just done. Answers whether what is here now is
   * what the service has.
   */
  async refreshFor(kid: string | undefined): Promise<boolean> {
    if (this.#fetching) await this.#fetching
    if (this.#set && names(this.#set, kid)) return true
    if (performance.now() - this.#startedAt >= leastGapMs) await this.#fetch()
    return this.#failures === 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#client[Symbol.dispose]()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#fetch()
      const waitMs = this.#failures === 0 ? this.#wanted.refreshMs : backoffMs(backoff, this.#failures, Math.random())
      await this.#wake.next(waitMs, signal)
    }
  }

  /** One at a time. Answers whether it went well. */
  #fetch(): Promise<boolean> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetchOnce(): Promise<boolean> {
    this.#startedAt = performance.now()
    const { path } = this.#wanted
    const asked = await this.#client.ask({ path, timeoutMs, mostBytes })
    if (this.#stop.signal.aborted) return false
    if (asked.kind === 'failed') return this.#fail(asked.why)
    if (asked.status !== 200) return this.#fail(`status ${asked.status}`)
    if (asked.truncated) return this.#fail('it is too long')
    return this.#take(asked.body.toString('utf8'))
  }

  #take(text: string): boolean {
    const set = text === this.#kept?.text ? this.#set : readKeySet(text)
    if (!set) return this.#fail('it holds no key of use')
    const { log, onChange } = this.#parts
    const news = text !== this.#kept?.text
    if (this.#failures > 0) log.info({ service: this.#wanted.service.name }, 'the key set can be had again')
    this.#failures = 0
    this.#why = undefined
    this.#set = set
    this.#kept = { text, at: Date.now() }
    if (news) {
      log.info({ service: this.#wanted.service.name, keys: set.keys.length }, 'a key set was taken')
      onChange()
    }
    return true
  }

  #fail(why: string): false {
    const { service, path } = this.#wanted
    this.#failures += 1
    const news = this.#why !== why
    this.#why = why
    if (news) {
      const err = new Failure('KEY_SET_UNUSABLE', `no key set from ${service.name} at ${path}: ${why}`)
      this.#parts.log.warn(
        { err, kept: this.#set?.keys.length ?? 0 },
        'the key set cannot be had; the last good one stays',
      )
    }
    return false
  }
}
