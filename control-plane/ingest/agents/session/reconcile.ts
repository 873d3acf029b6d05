import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Reason } from '#shared/protocol/reason.ts'
import type { Fleet, FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import { Gate } from './gate.ts'
import { nextStep, type Step, type Word } from './judgement.ts'
import { OvertakenWords } from './overtaken-words.ts'

/** A fleet whose dead endpoints can be taken out before the journal has written it down. */
export type FleetWithRemovals = FleetView & Pick<Fleet, 'publishRemoval' | 'lift'>

type Slot = {
  word: Word
  /** When it was heard, epoch milliseconds. */
  heardAt: number
  removed: boolean
  done: Promise<void>
  /** What was overtaken before it could be recorded. */
  readonly past: OvertakenWords
}

const settled: Promise<void> = Promise.resolve()
const retry = { firstMs: 100, mostMs: 5_000 }
/** What is being written down at once; with a whole fleet coming the rest waits here, and leaves room in the journal for others. */
const mostRecording = 2_048
/** Far more than others can come between; beyond it something is wrong with us. */
const mostSteps = 100

/**
 * Makes the belief of each instance what its agent said last, with one event in flight per instance. Only what was said last counts:
 * state changes that were overtaken before they were recorded are recorded as history.
 */
export class Reconciler {
  readonly #fleet: FleetWithRemovals
  readonly #record: RecordChange
  readonly #log: Logger
  readonly #stop: AbortSignal
  readonly #slots = new Map<string, Map<string, Slot>>()
  readonly #gate = new Gate(mostRecording)
  /** Those that could not be recorded wait together: a hundred thousand timers would be a load of their own. */
  #resting: Promise<void> | undefined
  #failures = 0

  constructor(fleet: FleetWithRemovals, record: RecordChange, log: Logger, stop: AbortSignal) {
    this.#fleet = fleet
    this.#record = record
    this.#log = log
    this.#stop = stop
    stop.addEventListener('abort', () => this.#gate.close(), { once: true })
  }

  /** Resolves when the belief is on disk and says what the agent said, this or something newer. Rejects when stopped before. */
  hear(node: string, id: string, word: Word): Promise<void> {
    const pending = this.#slots.get(node)?.get(id)
    if (pending) {
      pending.past.add(id, pending.word, word, { at: pending.heardAt, believed: this.#fleet.instances.get(id)?.health })
      pending.word = word
      pending.heardAt = Date.now()
      this.#removeAtOnce(id, pending, this.#next(node, id, word))
      return pending.done
    }
    const past = new OvertakenWords()
    // Most of what is said is known: that costs nothing more.
    if (this.#next(node, id, word).kind === 'settled') return settled
    const slots = this.#slots.getOrInsertComputed(node, () => new Map<string, Slot>())
    const slot: Slot = { word, heardAt: Date.now(), removed: false, done: Promise.resolve(), past }
    slots.set(id, slot)
    slot.done = this.#settle(node, id, slot)
    return slot.done
  }

  /** What was said and is not on disk yet. */
  pending(node: string): ReadonlyMap<string, { readonly word: Word; readonly done: Promise<void> }> {
    return this.#slots.get(node) ?? new Map()
  }

  /** Ends by taking the slot away in the very step in which it settles: the next word must not find it. */
  async #settle(node: string, id: string, slot: Slot): Promise<void> {
    let inside = false
    try {
      for (let steps = 0; steps < mostSteps; steps += 1) {
        this.#stop.throwIfAborted()
        const step = this.#next(node, id, slot.word)
        this.#removeAtOnce(id, slot, step)
        const settled = step.kind !== 'record'
        if (settled && (slot.past.empty || step.kind === 'foreign')) return this.#tellForeign(node, id, step)
        const turn = inside ? undefined : this.#gate.enter()
        inside = true
        if (turn) {
          await turn
          // Something else may have been said meanwhile.
          continue
        }
        const said = slot.word
        try {
          if (settled) await this.#recordPast(node, slot.past)
          else {
            await this.#record(step.change, { by: `agent:${node}`, seen: step.seen })
            slot.removed = false
            if (step.change.kind === 'judged') slot.past.recorded(said)
          }
          this.#failures = 0
        } catch (err) {
          // The agent's word stands, and so does a removal: both wait for the store.
          steps -= 1
          await this.#rest(err, node, id)
        }
      }
      this.#log.error({ node, instance: id, word: slot.word }, 'a report does not settle')
      throw new Error(`the report of ${id} does not settle`)
    } finally {
      if (inside) this.#gate.leave()
      const slots = this.#slots.get(node)
      slots?.delete(id)
      if (slots?.size === 0) this.#slots.delete(node)
    }
  }

  #rest(err: unknown, node: string, instance: string): Promise<void> {
    if (!this.#resting) {
      this.#failures += 1
      const failures = this.#failures
      this.#log.warn({ err, node, instance, failures }, 'a report could not be recorded')
      this.#resting = pause(backoffMs(retry, failures, Math.random()), this.#stop).finally(() => {
        this.#resting = undefined
      })
    }
    return this.#resting
  }

  async #recordPast(node: string, past: OvertakenWords): Promise<void> {
    const taken = past.take()
    try {
      await this.#record({ kind: 'history-told', node, ...taken }, { by: `agent:${node}` })
    } catch (error) {
      past.giveBack(taken)
      throw error
    }
  }

  #tellForeign(node: string, id: string, step: Step): void {
    if (step.kind !== 'foreign') return
    this.#log.warn({ node, instance: id, owner: step.owner }, 'an agent named an instance that is not its own')
  }

  #next(node: string, id: string, word: Word): Step {
    return nextStep(node, id, word, this.#fleet.instances.get(id))
  }

  /** A dead endpoint leaves every sink before the journal has written it down. */
  #removeAtOnce(id: string, slot: Slot, step: Step): void {
    const reason = criticalReason(step)
    if (reason) {
      this.#fleet.publishRemoval(id, reason)
      slot.removed = true
    } else if (slot.removed) {
      this.#fleet.lift(id)
      slot.removed = false
    }
  }
}

function criticalReason(step: Step): Reason | undefined {
  const judged = step.kind === 'record' && step.change.kind === 'judged' ? step.change : undefined
  return judged?.health === 'critical' ? judged.reason : undefined
}
