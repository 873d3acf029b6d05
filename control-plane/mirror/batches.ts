import { mostOperations, mostTransactionBytes } from '../consul/operation.ts'
import type { Step } from './catalogue.ts'
import type { Change } from './diff.ts'
import { mostBytesOf } from './operations.ts'

/** A change that writes. */
export type Write = Extract<Change, { readonly kind: 'put' | 'remove' }>

/** All that is to be written on one node, in an order that can be done: it may be cut anywhere, but not be reordered. */
export type NodeWrites = { readonly node: string; readonly writes: readonly Write[] }

/** `operations` counts those before the steps, such as the fence. */
export type BatchLimits = { readonly operations: number; readonly bytes: number }

export const consulLimits: BatchLimits = { operations: mostOperations, bytes: mostTransactionBytes }

/** One transaction. */
export type Batch = { readonly steps: readonly Step[]; readonly nodes: readonly NodeWrites[] }

export type Filled = { readonly batch: Batch; readonly rest: NodeWrites | undefined }

/** Every transaction begins with an operation on the fence; this is more than it takes. */
const fences = 1
const fenceBytes = 1_000

class Room {
  readonly #limits: BatchLimits
  readonly #steps: Step[] = []
  #bytes = fenceBytes

  constructor(limits: BatchLimits) {
    this.#limits = limits
  }

  get full(): boolean {
    return this.#steps.length + fences >= this.#limits.operations
  }

  take(writes: readonly Write[]): boolean {
    let count = 0
    let bytes = 0
    for (const { steps } of writes) {
      count += steps.length
      for (const step of steps) bytes += mostBytesOf(step)
    }
    const { operations, bytes: most } = this.#limits
    if (this.#steps.length + fences + count > operations || this.#bytes + bytes > most) return false
    this.#bytes += bytes
    for (const write of writes) this.force(write)
    return true
  }

  force(write: Write): Write {
    this.#steps.push(...write.steps)
    return write
  }

  batch(nodes: readonly NodeWrites[]): Batch {
    return { steps: this.#steps, nodes }
  }
}

/**
 * Takes nodes until a transaction is full. A node is cut in two only if it would not fit into a transaction of its own; what is left
 * of it (or a node for which there was no room) comes back as `rest` and must not be written before this batch is done.
 * @returns undefined when there is nothing to write
 */
export function fillBatch(nodes: Iterator<NodeWrites>, limits: BatchLimits = consulLimits): Filled | undefined {
  const room = new Room(limits)
  const taken: NodeWrites[] = []
  for (let next = nodes.next(); !next.done; next = nodes.next()) {
    const { node, writes } = next.value
    if (writes.length === 0) continue
    if (room.take(writes)) {
      taken.push(next.value)
      if (room.full) break
      continue
    }
    if (taken.length > 0) return { batch: room.batch(taken), rest: next.value }
    const some = takeSome(writes, room)
    return { batch: room.batch([{ node, writes: some }]), rest: { node, writes: writes.slice(some.length) } }
  }
  return taken.length > 0 ? { batch: room.batch(taken), rest: undefined } : undefined
}

/** As many writes of a node that fits into no transaction as there is room for; at least one, or it would never go. */
function takeSome(writes: readonly Write[], room: Room): readonly Write[] {
  const some: Write[] = []
  for (const write of writes) {
    if (!room.take([write])) break
    some.push(write)
  }
  if (some.length === 0) for (const write of writes.slice(0, 1)) some.push(room.force(write))
  return some
}

/** All nodes in batches, to be written one after the other. */
export function* batches(nodes: Iterable<NodeWrites>, limits: BatchLimits = consulLimits): Generator<Batch> {
  const coming = nodes[Symbol.iterator]()
  let rest: NodeWrites | undefined
  const source = {
    next: () => {
      if (rest === undefined) return coming.next()
      const value = rest
      rest = undefined
      return { done: false as const, value }
    },
  }
  for (let filled = fillBatch(source, limits); filled; filled = fillBatch(source, limits)) {
    rest = filled.rest
    yield filled.batch
  }
}
