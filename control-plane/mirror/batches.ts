import { mostOperations, mostTransactionBytes, type Operation } from '../consul/operation.ts'
import type { Change } from './diff.ts'

/** A change that writes. */
export type Write = Extract<Change, { readonly kind: 'put' | 'remove' }>

/** All that is to be written on one node, in an order that can be done: it may be cut anywhere, but not be reordered. */
export type NodeWrites = { readonly node: string; readonly writes: readonly Write[] }

export type BatchLimits = { readonly operations: number; readonly bytes: number }

export const consulLimits: BatchLimits = { operations: mostOperations, bytes: mostTransactionBytes }

/** One transaction. The first operation is the fence, where there is one. */
export type Batch = { readonly operations: readonly Operation[]; readonly nodes: readonly NodeWrites[] }

export type Filled = { readonly batch: Batch; readonly rest: NodeWrites | undefined }

class Room {
  readonly #limits: BatchLimits
  readonly #operations: Operation[]
  #bytes: number

  constructor(fence: Operation | undefined, limits: BatchLimits) {
    this.#limits = limits
    this.#operations = fence ? [fence] : []
    this.#bytes = 2 + mostBytesOf(fence)
  }

  get full(): boolean {
    return this.#operations.length === this.#limits.operations
  }

  take(writes: readonly Write[]): boolean {
    let count = 0
    let bytes = 0
    for (const { operations } of writes) {
      count += operations.length
      for (const operation of operations) bytes += 1 + mostBytesOf(operation)
    }
    if (this.#operations.length + count > this.#limits.operations || this.#bytes + bytes > this.#limits.bytes) {
      return false
    }
    this.#bytes += bytes
    for (const write of writes) this.force(write)
    return true
  }

  force(write: Write): Write {
    this.#operations.push(...write.operations)
    return write
  }

  batch(nodes: readonly NodeWrites[]): Batch {
    return { operations: this.#operations, nodes }
  }
}

/**
 * Takes nodes until a transaction is full. A node is cut in two only if it would not fit into a transaction of its own; what is left
 * of it (or a node for which there was no room) comes back as `rest` and must not be written before this batch is done.
 * @returns undefined when there is nothing to write
 */
export function fillBatch(
  nodes: Iterator<NodeWrites>,
  fence: Operation | undefined,
  limits: BatchLimits = consulLimits,
): Filled | undefined {
  const room = new Room(fence, limits)
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
export function* batches(
  nodes: Iterable<NodeWrites>,
  fence: Operation | undefined,
  limits: BatchLimits = consulLimits,
): Generator<Batch> {
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
  for (let filled = fillBatch(source, fence, limits); filled; filled = fillBatch(source, fence, limits)) {
    rest = filled.rest
    yield filled.batch
  }
}

/** A bound for the bytes of a value as JSON, without making the text: a character takes at most six, as an escape. */
export function mostBytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 6 + 2
  if (typeof value !== 'object' || value === null) return 24
  let bytes = 2
  for (const key in value) bytes += key.length * 6 + 4 + mostBytesOf((value as Record<string, unknown>)[key])
  return bytes
}
