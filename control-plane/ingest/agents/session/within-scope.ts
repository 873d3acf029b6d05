import type { Bounds, Outside } from '#shared/identity/scope.ts'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import type { Metric } from '#shared/protocol/messages.ts'
import { isOnlyLocal } from '../../local-address.ts'
import type { Word } from './judgement.ts'

/** Instances beyond the scope whose specs are kept: reports leave out what has not changed. */
const mostKept = 1_000

type Present = Extract<Word, { kind: 'present' }>

/** What a tenant may have more, over all of its nodes. */
export type Room = {
  /** What is wrong with so many more instances; undefined: nothing is. */
  readonly instances: (more: number) => Outside | undefined
  /** What is wrong with an instance's service; undefined: nothing is. */
  readonly service: (instance: string, service: string) => Outside | undefined
  /** Whether metrics of a name are taken. */
  readonly takesMetric: (name: string) => boolean
}

/** Takes of what an agent says what its certificate lets it say. */
export class WithinScope {
  readonly #bounds: () => Bounds
  readonly #onRefused: (outside: Outside) => void
  readonly #room: Room | undefined
  readonly #refused = new Map<string, InstanceSpec>()

  /** @param room of the tenant whose node it is; left out: it is nobody's */
  constructor(bounds: () => Bounds, onRefused: (outside: Outside) => void, room?: Room) {
    this.#bounds = bounds
    this.#onRefused = onRefused
    this.#room = room
  }

  /** What an instance is whose report was refused. */
  specOf(id: string): InstanceSpec | undefined {
    return this.#refused.get(id)
  }

  /** @param own the instances that the node has so far; of these what is beyond it now is taken away */
  words(words: ReadonlyMap<string, Word>, own: ReadonlySet<string>): ReadonlyMap<string, Word> {
    const bounds = this.#bounds()
    const taken = new Map<string, Word>()
    const has = new Set(own)
    for (const [id, word] of words) {
      if (word.kind === 'withdrawn') {
        has.delete(id)
        this.#refused.delete(id)
        taken.set(id, word)
      }
    }
    let added = 0
    for (const [id, word] of words) {
      if (word.kind === 'withdrawn') continue
      const { service, address } = word.spec
      const isNew = !has.has(id)
      const outside =
        bounds.instance({ service, address }) ??
        bounds.amount({ instances: isNew ? has.size + 1 : has.size, metrics: 0 }) ??
        this.#room?.service(id, service) ??
        (isNew ? this.#room?.instances(added + 1) : undefined)
      if (outside) {
        this.#refuse(id, word.spec, outside)
        if (has.delete(id)) taken.set(id, { kind: 'withdrawn' })
        continue
      }
      if (isNew) added += 1
      has.add(id)
      this.#refused.delete(id)
      taken.set(id, this.#withChecks(word, bounds))
    }
    return taken
  }

  /** @param isOthers whether an instance is known to be another node's */
  metrics(node: string, metrics: readonly Metric[], isOthers: (instance: string) => boolean): readonly Metric[] {
    const outside = this.#bounds().amount({ instances: 0, metrics: metrics.length })
    if (outside) this.#onRefused(outside)
    const counted = outside ? metrics.slice(0, Number(outside.may)) : metrics
    return counted.filter(({ instance, name }) => {
      // It is counted where that is decided.
      if (this.#room?.takesMetric(name) === false) return false
      if (instance === undefined || !isOthers(instance)) return true
      this.#onRefused({ what: 'node', said: instance, may: node })
      return false
    })
  }

  /**
   * Others repeat its checks, the plane among them: none is led where the node may not be itself. From the first such check on none is
   * taken, since no other may stand in for it.
   */
  #withChecks(word: Present, bounds: Bounds): Word {
    const { service, address, checks } = word.spec
    const outsideOf = (check: string) =>
      check === address || isOnlyLocal(check) ? undefined : bounds.instance({ service, address: check })
    const end = checks.findIndex((check) => outsideOf(check.address) !== undefined)
    if (end < 0) return word
    const outside = outsideOf(checks[end]?.address ?? '')
    if (outside) this.#onRefused(outside)
    return { ...word, spec: { ...word.spec, checks: checks.slice(0, end) } }
  }

  #refuse(id: string, spec: InstanceSpec, outside: Outside): void {
    if (this.#refused.size < mostKept || this.#refused.has(id)) this.#refused.set(id, spec)
    this.#onRefused(outside)
  }
}
