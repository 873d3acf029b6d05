import type { Vantage } from './vantage.ts'

type Sighting = { readonly vantage: Vantage; readonly target: string; readonly at: number }

/** Who saw which instance pass its check, and when. Times in milliseconds of a monotonic clock. */
export class Sightings {
  readonly #byInstance = new Map<string, Map<string, Sighting>>()

  /** @param target what exactly was probed: an instance that moved has been seen by nobody */
  saw(instance: string, target: string, vantage: Vantage, at: number): void {
    const sightings = this.#byInstance.get(instance)
    if (sightings) sightings.set(vantage.id, { vantage, target, at })
    else this.#byInstance.set(instance, new Map([[vantage.id, { vantage, target, at }]]))
  }

  /** This vantage cannot see it, though it is well. */
  lostSight(instance: string, vantage: string): void {
    const sightings = this.#byInstance.get(instance)
    sightings?.delete(vantage)
    if (sightings?.size === 0) this.#byInstance.delete(instance)
  }

  forget(instance: string): void {
    this.#byInstance.delete(instance)
  }

  /** The vantages that saw it pass within `validForMs`. */
  of(instance: string, target: string, now: number, validForMs: number): readonly Vantage[] {
    const sightings = this.#byInstance.get(instance)?.values() ?? []
    return [...sightings].flatMap((seen) =>
      seen.target === target && now - seen.at <= validForMs ? [seen.vantage] : [],
    )
  }
}
