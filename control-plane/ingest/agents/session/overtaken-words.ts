import type { Health } from '#shared/protocol/check.ts'
import type { PastChange, PastTold } from '../../../fleet/told.ts'
import type { Word } from './judgement.ts'

/** Changes of one instance that are kept while the store takes none; of what is beyond only the number. */
const mostKept = 100

type Overtaken = { readonly word: Word | undefined; readonly change: PastChange }

/** The state changes of one instance that its agent said, and changed again before they could be written down. */
export class OvertakenWords {
  #overtaken: readonly Overtaken[] = []
  #lost = 0

  get empty(): boolean {
    return this.#overtaken.length === 0 && this.#lost === 0
  }

  /**
   * `word` is overtaken by `next`. It was a change if it differs from what was before it, and is none if `next` says the same.
   * @param believed the health before all of them
   */
  add(
    instance: string,
    word: Word,
    next: Word,
    { at, believed }: { readonly at: number; readonly believed: Health | undefined },
  ): void {
    if (word.kind !== 'present' || word.verdict.health === 'unknown') return
    const { health, reason } = word.verdict
    const before = this.#overtaken.at(-1)?.change.health ?? believed
    if (health === before || (next.kind === 'present' && next.verdict.health === health)) return
    this.#keep([...this.#overtaken, { word, change: { instance, health, reason, at } }])
  }

  /** The word was being written down when it was overtaken: it is no past any more. */
  recorded(word: Word): void {
    this.#overtaken = this.#overtaken.filter((each) => each.word !== word)
  }

  take(): PastTold {
    const changes = this.#overtaken.map(({ change }) => change)
    const told = { log: '', edges: 0, samples: 0, changes, lostChanges: this.#lost, lostSamples: 0 }
    this.#overtaken = []
    this.#lost = 0
    return told
  }

  /** Puts back what could not be written. */
  giveBack({ changes, lostChanges }: PastTold): void {
    this.#lost += lostChanges
    this.#keep([...changes.map((change) => ({ word: undefined, change })), ...this.#overtaken])
  }

  #keep(overtaken: readonly Overtaken[]): void {
    this.#lost += Math.max(0, overtaken.length - mostKept)
    this.#overtaken = overtaken.slice(-mostKept)
  }
}
