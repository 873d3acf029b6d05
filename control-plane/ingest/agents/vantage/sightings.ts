import type { Vantage } from './vantage.ts'

/** A sighting as it is kept over a restart; `at` in epoch milliseconds. */
export type StoredSighting = {
  readonly instance: string
  readonly target: string
  readonly vantage: Vantage
  readonly at: number
}

/** In a fleet where agents come and go others see it each time. */
const mostPerInstance = 16

type Sighting = { readonly vantage: Vantage; readonly target: string; readonly at: number }

/** Who saw which instance pass its check, and when. Times in milliseconds of a monotonic clock. */
export class Sightings {
  readonly #byInstance = new Map<string, Map<string, Sighting>>()

  /** @param target what exactly was probed: an instance that moved has been seen by nobody */
  saw(instance: string, target: string, vantage: Vantage, at: number): void {
    const sightings = this.#byInstance.getOrInsertComputed(instance, () => new Map())
    // Who saw it last comes last.
    sightings.delete(vantage.id)
    sightings.set(vantage.id, { vantage, target, at })
    const [oldest] = sightings.keys()
    if (sightings.size > mostPerInstance && oldest !== undefined) sightings.delete(oldest)
  }

  /** This vantage could not see it, though it was well. @param at when; it may have seen it again since */
  lostSight(instance: string, vantage: string, at: number): void {
    const sightings = this.#byInstance.get(instance)
    if ((sightings?.get(vantage)?.at ?? at) > at) return
    sightings?.delete(vantage)
    if (sightings?.size === 0) this.#byInstance.delete(instance)
  }

  forget(instance: string): void {
    this.#byInstance.delete(instance)
  }

  /** Forgets what is known of instances that are not there, as far as nobody has seen them since: who is new may be seen before it is known. */
  forgetUnknown(isKnown: (instance: string) => boolean, since: number): void {
    for (const [instance, sightings] of this.#byInstance) {
      if (isKnown(instance)) continue
      if ([...sightings.values()].every(({ at }) => at < since)) this.#byInstance.delete(instance)
    }
  }

  /** The vantages that saw it pass within `validForMs`, who saw it last first. */
  of(instance: string, target: string, now: number, validForMs: number): readonly Vantage[] {
    const sightings = [...(this.#byInstance.get(instance)?.values() ?? [])].reverse()
    return sightings.flatMap((seen) => (seen.target === target && now - seen.at <= validForMs ? [seen.vantage] : []))
  }

  /** All sightings that may still count, to be kept over a restart. @param epochNow the same moment as `now`, in epoch milliseconds */
  stored(now: number, epochNow: number, validForMs: number): readonly StoredSighting[] {
    return [...this.#byInstance].flatMap(([instance, sightings]) =>
      [...sightings.values()].flatMap(({ target, vantage, at }) =>
        now - at <= validForMs ? [{ instance, target, vantage, at: epochNow - (now - at) }] : [],
      ),
    )
  }

  /** Takes up what was kept. What was seen since then stays. */
  restore(stored: Iterable<StoredSighting>, now: number, epochNow: number): void {
    for (const { instance, target, vantage, at } of stored) {
      if (this.#byInstance.get(instance)?.has(vantage.id)) continue
      // A clock that was set back must not make anything newer than now.
      this.saw(instance, target, vantage, Math.min(now, now - (epochNow - at)))
    }
  }
}
