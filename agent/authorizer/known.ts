import { hash } from 'node:crypto'
import { Cache } from '#shared/tokens/cache.ts'
import { type Judgement, type Learned, refused, unable, weightOf } from './judgement.ts'

export type KnownLimits = {
  readonly granted: { readonly most: number; readonly mostWeight: number }
  readonly others: { readonly most: number; readonly mostWeight: number }
  /** So many tokens may be asked about at once; about more nobody can tell. */
  readonly mostOpen: number
}

export const usualLimits: KnownLimits = {
  granted: { most: 10_000, mostWeight: 16 * 1024 ** 2 },
  // Apart, so that a flood of bad tokens does not push out the good ones.
  others: { most: 2_000, mostWeight: 1024 ** 2 },
  mostOpen: 1_000,
}

/**
 * What is known of tokens, by their hashes: each is asked about once at a time, whoever waits for it, and what was learnt is kept for
 * as long as it counts.
 */
export class Known {
  readonly #granted: Cache<Judgement>
  readonly #others: Cache<Judgement>
  readonly #mostOpen: number
  #open = new Map<string, Promise<Judgement>>()

  constructor({ granted, others, mostOpen }: KnownLimits = usualLimits) {
    this.#granted = new Cache(granted)
    this.#others = new Cache(others)
    this.#mostOpen = mostOpen
  }

  get size(): number {
    return this.#granted.size + this.#others.size
  }

  /** @param key of `keyOf`; undefined: nothing is known that counts now */
  find(key: string): Judgement | undefined {
    const now = performance.now()
    const granted = this.#granted.get(key, now)
    if (!granted) return this.#others.get(key, now)
    return isOver(granted) ? undefined : granted
  }

  /** Asks, unless the same is being asked already. Never rejects. */
  ask(key: string, question: () => Promise<Learned>): Promise<Judgement> {
    const asked = this.#open.get(key)
    if (asked) return asked
    if (this.#open.size >= this.#mostOpen) return Promise.resolve(unable('too many tokens are asked about at once'))
    const open = this.#open
    const answer = question()
      .catch((): Learned => ({ judgement: unable('the question failed'), keepMs: 0 }))
      .then(({ judgement, keepMs }) => {
        open.delete(key)
        const answered = isOver(judgement) ? refused('expired') : judgement
        // What was forgotten meanwhile does not come back by what was asked before.
        if (keepMs > 0 && open === this.#open) this.#keep(key, answered, keepMs)
        return answered
      })
    open.set(key, answer)
    return answer
  }

  /** What was learnt so far, and what is being asked, counts no more for those who come now. */
  forget(): void {
    this.#granted.clear()
    this.#others.clear()
    this.#open = new Map()
  }

  #keep(key: string, judgement: Judgement, keepMs: number): void {
    const kept = { until: performance.now() + keepMs, weight: weightOf(judgement) }
    if (judgement.kind === 'granted') this.#granted.set(key, judgement, kept)
    else this.#others.set(key, judgement, kept)
  }
}

/** Under which nothing of the token itself is kept. */
export function keyOf(authorization: string): string {
  return hash('sha256', authorization, 'base64')
}

/** A token's own end is by the clock of the world, which may have been set meanwhile. */
function isOver(judgement: Judgement): boolean {
  return judgement.kind === 'granted' && judgement.endsAt !== undefined && Date.now() >= judgement.endsAt
}
