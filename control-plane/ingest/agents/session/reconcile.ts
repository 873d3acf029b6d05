import { setImmediate as nextTurn } from 'node:timers/promises'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Reason } from '#shared/protocol/reason.ts'
import type { InstanceEvent } from '../../../fleet/event.ts'
import type { Fleet, FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import { Gate } from './gate.ts'
import { nextStep, type Step, type Word } from './judgement.ts'
import { OvertakenWords } from './overtaken-words.ts'

/** A fleet whose dead endpoints can be taken out before the journal has written it down. */
export type FleetWithRemovals = FleetView & Pick<Fleet, 'publishRemoval' | 'lift'>

type Slot = {
  word: Word
  /** The session in which it was said. */
  session: string | undefined
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

  /**
   * Resolves when the belief is on disk and says what the agent said, this or something newer. Rejects when stopped before, and when the
   * agent has begun another session before it could be written down: what it says there counts.
   * @param session in which it was said
   */
  hear(node: string, id: string, word: Word, session?: string): Promise<void> {
    const pending = this.#slots.get(node)?.get(id)
    if (pending) {
      pending.past.add(id, pending.word, word, { at: pending.heardAt, believed: this.#fleet.instances.get(id)?.health })
      pending.word = word
      pending.session = session
      pending.heardAt = Date.now()
      this.#removeAtOnce(id, pending, this.#next(node, id, word))
      return pending.done
    }
    const past = new OvertakenWords()
    // Most of what is said is known: that costs nothing more.
    if (this.#next(node, id, word).kind === 'settled') return settled
    const slots = this.#slots.getOrInsertComputed(node, () => new Map<string, Slot>())
    const slot: Slot = { word, session, heardAt: Date.now(), removed: false, done: Promise.resolve(), past }
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
        if (this.#isLate(node, slot)) this.#giveUp(node, id, slot)
        const step = this.#next(node, id, slot.word)
        const settled = step.kind !== 'record'
        const isRemoval = criticalReason(step) !== undefined
        if (!isRemoval) this.#removeAtOnce(id, slot, step)
        if (settled && (slot.past.empty || step.kind === 'foreign')) return this.#tellForeign(node, id, step)
        const turn = inside ? undefined : this.#gate.enter()
        inside = true
        if (turn) {
          this.#removeAtOnce(id, slot, step)
          await turn
          // Something else may have been said meanwhile.
          continue
        }
        const said = slot.word
        try {
          if (settled) await this.#recordPast(node, slot.past)
          else {
            const recorded = this.#record(inSession(step.change, slot.session), {
              by: `agent:${node}`,
              seen: step.seen,
            })
            if (isRemoval) await this.#removeMeanwhile(node, id, slot, recorded)
            await recorded
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

  /** Its agent has another session, here or with another plane. */
  #isLate(node: string, { session }: Slot): boolean {
    const attached = this.#fleet.nodes.get(node)?.attachment?.session
    return session !== undefined && attached !== undefined && attached !== session
  }

  #giveUp(node: string, id: string, slot: Slot): never {
    if (slot.removed) this.#fleet.lift(id)
    this.#log.debug({ node, instance: id }, 'what was said in an old session does not count any more')
    throw new Error(`what was said of ${id} in an old session came too late`)
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

  /**
   * Once the disk has been asked, and never after what was asked for. The other way round all that a removal sets off, in Consuls and proxies of
   * the same machine too, would come before the disk, and sinks have proven a change only when it has a revision.
   */
  async #removeMeanwhile(node: string, id: string, slot: Slot, recorded: Promise<unknown>): Promise<void> {
    // Whoever waits for it hears how it failed.
    recorded.catch(() => {})
    await nextTurn()
    this.#removeAtOnce(id, slot, this.#next(node, id, slot.word))
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

/** The reducer takes nothing from a session that is not the node's last one. */
function inSession(change: InstanceEvent, session: string | undefined): InstanceEvent {
  if (session === undefined) return change
  switch (change.kind) {
    case 'registered':
    case 'judged':
    case 'deregistered':
      return { ...change, session }
    case 'death-confirmed':
    case 'fell-silent':
    case 'admitted':
      return change
  }
}

function criticalReason(step: Step): Reason | undefined {
  const judged = step.kind === 'record' && step.change.kind === 'judged' ? step.change : undefined
  return judged?.health === 'critical' ? judged.reason : undefined
}
