import type { Change } from '../../fleet/event.ts'
import type { Outcome } from '../../fleet/fleet.ts'
import type { RecordChange, RecordOptions } from '../../fleet/record.ts'

type Held = {
  readonly change: Change
  readonly options: RecordOptions
  readonly resolve: (outcome: Promise<Outcome>) => void
}

/**
 * Holds changes back until their release, which records them in one breath and so in one commit, in their order. What is decided upon
 * meanwhile is a little older; the revision that each change names tells whether too much so. From then on changes pass at once.
 */
export class Gathered implements Disposable {
  readonly #record: RecordChange
  #held: Held[] | undefined = []

  constructor(record: RecordChange) {
    this.#record = record
  }

  readonly record: RecordChange = (change, options) => {
    const held = this.#held
    if (!held) return this.#record(change, options)
    return new Promise((resolve) => held.push({ change, options, resolve }))
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const { change, options, resolve } of held) resolve(this.#record(change, options))
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
