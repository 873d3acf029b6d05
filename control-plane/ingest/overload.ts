/** What is passed over under too much load, in this order; changes of state never are. */
export const sheddable = ['beats', 'metrics'] as const
export type Sheddable = (typeof sheddable)[number]

/** Who takes things in asks this, and counts what it passes over. */
export type Shedding = {
  readonly sheds: (what: Sheddable) => boolean
  readonly shed: (what: Sheddable, count: number) => void
}

/**
 * From when on what is passed over: every look at the event loop came so late, for so long. One long standstill is none of these: it is
 * over when it is seen. Milliseconds.
 */
const limits: Readonly<Record<Sheddable, { readonly lateMs: number; readonly forMs: number }>> = {
  beats: { lateMs: 50, forMs: 1_000 },
  metrics: { lateMs: 100, forMs: 3_000 },
}
/** Looks that this takes at least. */
const leastLooks = 5

type Late = { readonly since: number; readonly looks: number }

/** Whether the event loop keeps up, and what was passed over because it did not. Knows no clock. */
export class Overload implements Shedding {
  readonly #late = new Map<Sheddable, Late>()
  readonly #shedding = new Set<Sheddable>()
  readonly #counts: Record<Sheddable, number> = { beats: 0, metrics: 0 }

  /** What was passed over since the start. */
  get counts(): Readonly<Record<Sheddable, number>> {
    return this.#counts
  }

  /** A look came so much too late. @param now milliseconds of a steady clock */
  note(lateMs: number, now: number): void {
    for (const what of sheddable) {
      const limit = limits[what]
      if (lateMs < limit.lateMs) {
        this.#late.delete(what)
        this.#shedding.delete(what)
        continue
      }
      const { since = now, looks = 0 } = this.#late.get(what) ?? {}
      this.#late.set(what, { since, looks: looks + 1 })
      if (now - since >= limit.forMs && looks + 1 >= leastLooks) this.#shedding.add(what)
    }
  }

  readonly sheds = (what: Sheddable): boolean => this.#shedding.has(what)

  readonly shed = (what: Sheddable, count: number): void => {
    this.#counts[what] += count
  }
}
