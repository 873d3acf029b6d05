import type { ConsulClient } from '../consul/client.ts'
import type { Change } from './diff.ts'
import type { Ledger } from './ledger.ts'
import { Queue, type Waiting } from './queue.ts'
import { readOthers } from './read.ts'

export type PreparerOptions = {
  readonly consul: ConsulClient
  readonly ledger: Ledger
  readonly owner: string
  /** Nodes that are read at once. */
  readonly lanes: number
  readonly signal: AbortSignal
  readonly mayWrite: () => boolean
  /** Nobody else works on a node between these. */
  readonly lock: (node: string) => boolean
  readonly unlock: (node: string) => void
  readonly onFailure: (error: unknown) => void
}

/** What was read longer ago is read again. */
const validForMs = 500

/**
 * Reads what must be known before a node is written to. Nothing is deleted from memory: what others may have hung on it since would be
 * deleted with it. And before a service is added for the first time we must know who else has registered it.
 */
export class Preparer {
  readonly #options: PreparerOptions
  readonly #waiting = new Queue()
  /** With the monotonic time of the reading. */
  readonly #prepared = new Map<string, number>()
  #busy = 0

  constructor(options: PreparerOptions) {
    this.#options = options
  }

  get idle(): boolean {
    return this.#busy === 0 && this.#waiting.size === 0
  }

  /** Whether these changes may be written as they are; a node is prepared for one transaction. */
  isReady(node: string, changes: readonly Change[]): boolean {
    const { ledger } = this.#options
    const readAt = this.#prepared.get(node)
    this.#prepared.delete(node)
    if (readAt !== undefined && performance.now() - readAt < validForMs && !ledger.suspect.has(node)) return true
    if (ledger.suspect.has(node) || changes.some(({ kind }) => kind === 'remove')) return false
    return this.#unknownServices(changes).size === 0
  }

  add(node: string, { instances, urgent, since }: Waiting): void {
    this.#waiting.add(node, instances, { urgent, since })
  }

  /** Starts reading as many nodes as may be read at once. */
  pump(): void {
    const { lanes, mayWrite, lock, signal } = this.#options
    for (const node of this.#waiting.keys(false)) {
      if (this.#busy >= lanes || !mayWrite() || signal.aborted) return
      if (!lock(node)) continue
      const waiting = this.#waiting.take(node)
      if (waiting) void this.#prepare(node, waiting)
    }
  }

  async #prepare(node: string, waiting: Waiting): Promise<void> {
    const { consul, ledger, owner, signal, unlock, onFailure } = this.#options
    this.#busy += 1
    try {
      for (const service of this.#unknownServices(ledger.judge(node, waiting.instances))) {
        ledger.others?.replace(service, await readOthers(consul, owner, service, { consistency: 'consistent', signal }))
      }
      ledger.actual.replace(node, await consul.node(node, { consistency: 'consistent', signal }))
      ledger.suspect.delete(node)
      this.#prepared.set(node, performance.now())
    } catch (error) {
      if (!signal.aborted) onFailure(error)
    } finally {
      this.#busy -= 1
      ledger.queue.add(node, waiting.instances, waiting)
      unlock(node)
    }
  }

  #unknownServices(changes: readonly Change[]): ReadonlySet<string> {
    const { others } = this.#options.ledger
    const services = new Set<string>()
    if (!others) return services
    for (const change of changes) {
      if (change.kind !== 'put' || !change.adds) continue
      for (const { what, record } of change.steps) {
        if (what === 'service' && !others.knows(record.service)) services.add(record.service)
      }
    }
    return services
  }
}
