import type { ConsulClient } from '../consul/client.ts'
import type { Operation } from '../consul/operation.ts'
import { type Batch, type BatchLimits, consulLimits, fillBatch, type NodeWrites, type Write } from './batches.ts'
import type { Step } from './catalogue.ts'
import type { Ledger } from './ledger.ts'
import { operationOf } from './operations.ts'
import { withoutGuilty } from './outcome.ts'
import { Preparer } from './prepare.ts'

export type WriterOptions = {
  readonly consul: ConsulClient
  readonly ledger: Ledger
  readonly owner: string
  /** Transactions under way at once, and nodes that are read at once. */
  readonly lanes: number
  readonly signal: AbortSignal
  /** The operation that every transaction begins with; undefined: nothing may be written now. */
  readonly fence: () => Operation | undefined
  readonly onFenceLost: () => void
  /** The datacenter could not be reached, or refused us as a whole. */
  readonly onFailure: (error: unknown) => void
  /** Something that was under way has ended. */
  readonly onSettled: () => void
}

const urgentLanes = 2
/** How often in a row somebody may come between before we leave a node to the next comparison. */
const mostConflicts = 3

/** Counts what was written. */
export type WriterFigures = { transactions: number; operations: number; refused: number; lastIndex: number }

/**
 * Brings what waits in the ledger's queue into its datacenter: at most one transaction a node at a time, urgent ones in lanes of their
 * own.
 */
export class Writer {
  readonly figures: WriterFigures = { transactions: 0, operations: 0, refused: 0, lastIndex: 0 }
  readonly #options: WriterOptions
  readonly #preparer: Preparer
  readonly #locked = new Set<string>()
  readonly #conflicts = new Map<string, number>()
  readonly #witnesses = new Set<Set<string>>()
  readonly #busy = { urgent: 0, bulk: 0 }
  #limits: BatchLimits = consulLimits

  constructor(options: WriterOptions) {
    this.#options = options
    this.#preparer = new Preparer({
      ...options,
      mayWrite: () => options.fence() !== undefined,
      lock: (node) => this.#lock(node),
      unlock: (node) => this.#unlock([node]),
    })
  }

  /** Whether no transaction and no reading is under way. */
  get quiet(): boolean {
    return this.#locked.size === 0
  }

  /** Whether besides nothing waits to be read. */
  get idle(): boolean {
    return this.#locked.size === 0 && this.#preparer.idle
  }

  /** The nodes that are written to from now on, those under way included, until it is disposed of. */
  witness(): { readonly nodes: ReadonlySet<string> } & Disposable {
    const nodes = new Set(this.#locked)
    this.#witnesses.add(nodes)
    return { nodes, [Symbol.dispose]: () => void this.#witnesses.delete(nodes) }
  }

  /** Sends what may be sent now; when it returns, it is under way. */
  pump(): void {
    while (this.#next('urgent') || this.#next('bulk'));
    this.#preparer.pump()
  }

  /** Starts one transaction; false if there is none to be made now. */
  #next(lane: 'urgent' | 'bulk'): boolean {
    const { fence, lanes, signal } = this.#options
    const first = fence()
    if (!first || signal.aborted || this.#busy[lane] >= (lane === 'urgent' ? urgentLanes : lanes)) return false
    const urgent = lane === 'urgent'
    const filled = fillBatch(this.#take(urgent), this.#limits)
    if (!filled) return false
    const { batch, rest } = filled
    if (rest) this.#requeue(rest, urgent)
    if (rest && !batch.nodes.some(({ node }) => node === rest.node)) this.#locked.delete(rest.node)
    this.#busy[lane] += 1
    void this.#send(batch, first, urgent).finally(() => {
      this.#busy[lane] -= 1
      this.#unlock(batch.nodes.map(({ node }) => node))
    })
    return true
  }

  /** Nodes from the queue with what is to be written there, each locked. */
  *#take(urgentOnly: boolean): Generator<NodeWrites> {
    const { ledger } = this.#options
    for (const node of ledger.queue.keys(urgentOnly)) {
      if (this.#locked.has(node)) continue
      const waiting = ledger.queue.take(node)
      if (!waiting) continue
      const changes = ledger.judge(node, waiting.instances)
      if (!this.#preparer.isReady(node, changes)) {
        this.#preparer.add(node, waiting)
        continue
      }
      const writes = changes.filter((change) => change.kind === 'put' || change.kind === 'remove')
      if (writes.length === 0 || !this.#lock(node)) continue
      yield { node, writes }
    }
  }

  async #send(batch: Batch, fence: Operation, urgent: boolean): Promise<void> {
    const { consul, ledger, signal, onFailure, onFenceLost } = this.#options
    let { nodes, steps } = batch
    let holding: Operation | undefined = fence
    try {
      while (nodes.length > 0) {
        // A freeze may have come between two attempts.
        if (!holding) {
          for (const node of nodes) this.#requeue(node, urgent)
          return
        }
        const outcome = await consul.transact([holding, ...steps.map(operationOf)], signal)
        this.figures.transactions += 1
        if (outcome.kind === 'done') return void this.#noteDone(nodes, steps, outcome.indexes.slice(1))
        if (outcome.kind === 'too-large') return void this.#noteTooLarge(nodes, outcome.why)
        if (outcome.errors.some(({ index }) => index === 0)) {
          for (const node of nodes) this.#requeue(node, urgent)
          onFenceLost()
          return
        }
        const { rest, again, refused } = withoutGuilty(nodes, outcome.errors, 1)
        this.figures.refused += outcome.errors.length
        for (const { write, what } of refused) this.#refuse(write, what)
        for (const node of again) this.#decideAnew(node, urgent)
        nodes = rest
        steps = rest.flatMap(({ writes }) => writes.flatMap((write) => write.steps))
        holding = this.#options.fence()
      }
    } catch (error) {
      // Nobody knows whether it was done.
      for (const node of nodes) {
        ledger.suspect.add(node.node)
        this.#requeue(node, urgent)
      }
      if (!signal.aborted) onFailure(error)
    }
  }

  #noteDone(nodes: readonly NodeWrites[], steps: readonly Step[], indexes: readonly number[]): void {
    const { ledger } = this.#options
    const understood = ledger.actual.note(steps, indexes)
    for (const node of nodes) {
      this.#conflicts.delete(node.node)
      for (const write of node.writes) ledger.settled(write)
      if (understood) continue
      ledger.suspect.add(node.node)
      this.#requeue(node, false)
    }
    this.figures.operations += steps.length
    for (const index of indexes) if (index > this.figures.lastIndex) this.figures.lastIndex = index
  }

  /** Its limit is lower than Consul's default: smaller transactions from now on. */
  #noteTooLarge(nodes: readonly NodeWrites[], why: string): void {
    const writes = nodes.flatMap((node) => node.writes)
    const [only] = writes
    if (writes.length === 1 && only) {
      this.#refuse(only, why)
      return
    }
    const { operations, bytes } = this.#limits
    this.#limits = { operations: Math.max(3, Math.floor(operations / 2)), bytes: Math.max(4096, Math.floor(bytes / 2)) }
    for (const node of nodes) this.#requeue(node, false)
  }

  #decideAnew(writes: NodeWrites, urgent: boolean): void {
    const { node } = writes
    const { ledger } = this.#options
    const conflicts = (this.#conflicts.get(node) ?? 0) + 1
    this.#conflicts.set(node, conflicts)
    ledger.suspect.add(node)
    if (conflicts <= mostConflicts) {
      this.#requeue(writes, urgent)
      return
    }
    this.#conflicts.delete(node)
    const why = 'somebody else keeps changing it, or the token may not read it'
    for (const write of writes.writes) this.#refuse(write, why)
  }

  #refuse({ unit }: Write, what: string): void {
    this.#options.ledger.notes.refuse(unit, `${unit.instance ?? 'the node itself'} on ${unit.node}: ${what}`)
  }

  #requeue({ node, writes }: NodeWrites, urgent: boolean): void {
    const instances = writes.flatMap(({ unit }) => unit.instance ?? [])
    this.#options.ledger.queue.add(node, instances, { urgent, since: performance.now() })
  }

  #lock(node: string): boolean {
    if (this.#locked.has(node)) return false
    this.#locked.add(node)
    for (const witness of this.#witnesses) witness.add(node)
    return true
  }

  #unlock(nodes: readonly string[]): void {
    for (const node of nodes) this.#locked.delete(node)
    this.#options.onSettled()
    this.pump()
  }
}
