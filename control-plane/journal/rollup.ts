import type { Metric } from '#shared/protocol/messages.ts'

const minuteMs = 60_000

/** A measured value, when and of what. */
export type Sample = Metric & {
  /** The node that measured it. */
  readonly node: string
  /** Epoch milliseconds. */
  readonly at: number
  /** JSON; what they say of the last sample of a minute is kept. */
  readonly tags?: string
}

/** What one minute of one metric came to. */
export type Rollup = {
  /** Empty where the metric belongs to the node. */
  readonly service: string
  readonly node: string
  readonly name: string
  readonly unit: Metric['unit']
  /** Epoch milliseconds of the minute's start. */
  readonly minute: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly last: number
  readonly samples: number
  readonly tags?: string
}

export function minuteOf(at: number): number {
  return Math.floor(at / minuteMs) * minuteMs
}

export function rollupKey({ instance = '', node, name, at }: Sample): string {
  return `${minuteOf(at)}\n${instance}\n${node}\n${name}`
}

/** The minute with one more sample; the first one begins it. */
export function addSample(rollup: Rollup | undefined, sample: Sample): Rollup {
  const { instance = '', node, name, unit, value, at } = sample
  const tags = sample.tags === undefined ? {} : { tags: sample.tags }
  if (!rollup) {
    const first = { sum: value, min: value, max: value, last: value, samples: 1 }
    return { service: instance, node, name, unit, minute: minuteOf(at), ...first, ...tags }
  }
  return {
    ...rollup,
    ...tags,
    sum: rollup.sum + value,
    min: Math.min(rollup.min, value),
    max: Math.max(rollup.max, value),
    last: value,
    samples: rollup.samples + 1,
  }
}

/**
 * Minutes that are being added up, at most `most` of them: beyond that samples of further metrics are counted as dropped until minutes
 * have been taken away.
 */
export class RollupBuffer {
  readonly #most: number
  readonly #open = new Map<string, Rollup>()
  /** The keys of each service's minutes. */
  readonly #ofService = new Map<string, Set<string>>()
  #dropped = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Samples that found no room. */
  get dropped(): number {
    return this.#dropped
  }

  get size(): number {
    return this.#open.size
  }

  /** Values that are no finite number are dropped. */
  add(sample: Sample): void {
    const key = rollupKey(sample)
    const rollup = this.#open.get(key)
    if (!Number.isFinite(sample.value) || (!rollup && this.#open.size >= this.#most)) this.#dropped += 1
    else this.#put(key, addSample(rollup, sample))
  }

  /** The minutes of a service that have not been taken away. */
  of(service: string): readonly Rollup[] {
    return [...(this.#ofService.get(service) ?? [])].flatMap((key) => this.#open.get(key) ?? [])
  }

  /** Takes away up to `limit` minutes that began before `before`, oldest additions first. */
  take(before: number, limit: number): readonly Rollup[] {
    const taken: Rollup[] = []
    for (const [key, rollup] of this.#open) {
      if (taken.length >= limit) break
      if (rollup.minute >= before) continue
      taken.push(rollup)
      this.#open.delete(key)
      const keys = this.#ofService.get(rollup.service)
      if (keys?.delete(key) && keys.size === 0) this.#ofService.delete(rollup.service)
    }
    return taken
  }

  /** Puts back what could not be written. What has been added meanwhile is joined with it. */
  giveBack(rollups: readonly Rollup[]): void {
    for (const rollup of rollups) {
      const key = `${rollup.minute}\n${rollup.service}\n${rollup.node}\n${rollup.name}`
      const later = this.#open.get(key)
      this.#put(key, later ? joined(rollup, later) : rollup)
    }
  }

  #put(key: string, rollup: Rollup): void {
    this.#open.set(key, rollup)
    // What belongs to nodes is asked for by nobody here.
    if (rollup.service !== '') this.#ofService.getOrInsertComputed(rollup.service, () => new Set()).add(key)
  }
}

function joined(earlier: Rollup, later: Rollup): Rollup {
  return {
    ...earlier,
    ...later,
    sum: earlier.sum + later.sum,
    min: Math.min(earlier.min, later.min),
    max: Math.max(earlier.max, later.max),
    samples: earlier.samples + later.samples,
  }
}
