import { explainError } from '#shared/failure/failure.ts'
import { Segments } from './keep-segments.ts'
import { bytesOf } from './record.ts'
import type { SegmentFiles } from './segment-files.ts'
import { Tail } from './tail.ts'
import { Unacknowledged } from './unacknowledged.ts'

export type LaneOptions<R> = {
  readonly files: SegmentFiles
  /** Names the log if there is none yet. */
  readonly log: string
  /** On the disk, in bytes. */
  readonly most: number
  /** Of what could not be written, in bytes. */
  readonly mostInMemory: number
  /** Fewer of the records, the newest among them, in about `mostBytes`; those that stay say what went. */
  readonly shrink: (records: readonly R[], mostBytes: number) => readonly R[]
}

export type LaneState = {
  /** Not acknowledged. */
  readonly waiting: number
  readonly bytes: number
  /** Of these, not on the disk. */
  readonly inMemory: number
  /** Given up for want of room since the start; what stayed says so in its place. */
  readonly lost: number
  /** Of damaged or torn segments, passed over at the start. */
  readonly damagedBytes: number
  /** Why nothing can be written at present, if so. */
  readonly failure: string | undefined
}

/**
 * An append-only log of records in segments, with what has not been written yet behind it. Each record is kept until it is acknowledged,
 * or until there is no room: then the oldest are made fewer. What the disk does not take stays in memory, within bounds.
 */
export class Lane<R extends { readonly n: number }> {
  readonly #options: LaneOptions<R>
  readonly #unacknowledged = new Unacknowledged()
  readonly #segments: Segments<R>
  readonly #tail = new Tail<R>()
  /** Of what is on the disk, and not said there yet. */
  #acked: number[] = []
  #next = 1
  #writtenUpTo = 0
  #unreadable = false
  #failure: string | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #queued: Promise<void> | undefined

  private constructor(options: LaneOptions<R>) {
    const { files, log, most } = options
    this.#options = options
    this.#segments = new Segments({
      files,
      log,
      most,
      unacknowledged: this.#unacknowledged,
      fewer: (records, mostBytes) => this.#fewer(records, mostBytes),
    })
  }

  /** With what an earlier run left behind, as far as it is whole. Never rejects: a folder that cannot be read is not used. */
  static async open<R extends { readonly n: number }>(options: LaneOptions<R>): Promise<Lane<R>> {
    const lane = new Lane(options)
    try {
      await lane.#segments.recover()
      lane.#writtenUpTo = lane.#segments.next - 1
    } catch (error) {
      lane.#unreadable = true
      lane.#failure = explainError(error)
    }
    lane.#next = lane.#segments.next
    return lane
  }

  /** Which log the numbers are of. */
  get log(): string {
    return this.#segments.log
  }

  get state(): LaneState {
    return {
      waiting: this.#unacknowledged.size,
      bytes: this.#segments.bytes + this.#tail.bytes,
      inMemory: this.#tail.size,
      lost: this.#unacknowledged.lost,
      damagedBytes: this.#segments.damagedBytes,
      failure: this.#failure,
    }
  }

  /** Whether there is something to be read. */
  get hasNews(): boolean {
    return this.#unacknowledged.hasNews
  }

  /** Takes a record in; it is on the disk after the next `flush`. @param held somebody tells it: `read` passes it over */
  append(make: (n: number) => R, held: boolean): number {
    const n = this.#next
    this.#next += 1
    this.#tail.add(make(n))
    this.#unacknowledged.add(n)
    if (held) this.#unacknowledged.hold(n)
    const { mostInMemory } = this.#options
    if (this.#tail.bytes > mostInMemory) {
      // What is being written stays as it is, and so does the newer half of the rest.
      this.#tail.thinOut(this.#writtenUpTo, (older) => this.#fewer(older, Math.floor(mostInMemory / 4)))
    }
    return n
  }

  /** `read` passes these over until they are released. */
  hold(numbers: readonly number[]): void {
    for (const n of numbers) this.#unacknowledged.hold(n)
  }

  /** What was held and has not been acknowledged is to be read again. */
  release(numbers: Iterable<number>): void {
    for (const n of numbers) this.#unacknowledged.release(n)
  }

  releaseAll(): void {
    this.#unacknowledged.releaseAll()
  }

  /** These need not be kept any longer. */
  acknowledge(numbers: readonly number[]): void {
    let fromTail = false
    for (const n of numbers) {
      if (!this.#unacknowledged.acknowledge(n)) continue
      if (n > this.#writtenUpTo) fromTail = true
      else {
        this.#acked.push(n)
        this.#segments.acknowledge(n)
      }
    }
    if (fromTail) this.#tail.keep((n) => this.#unacknowledged.has(n))
  }

  /** Makes everything taken in so far durable, if the disk takes it; otherwise it says why in `state` and stays as it is. */
  flush(): Promise<void> {
    this.#queued ??= this.#inTurn(async () => {
      this.#queued = undefined
      if (!this.#unreadable) await this.#write()
    })
    return this.#queued
  }

  /** The oldest that wait and are not held, in order, in about `mostBytes`, at least one if there is one. */
  read(mostBytes: number): Promise<readonly R[]> {
    return this.#inTurn(() => this.#read(mostBytes))
  }

  /** Writes what is left. A log of which nothing waits is removed. */
  async close(): Promise<void> {
    await this.flush()
    await this.#inTurn(async () => {
      if (this.#unacknowledged.size === 0) await this.#segments.removeAll()
    })
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #write(): Promise<void> {
    const { records } = this.#tail
    const acked = this.#acked
    if (records.length === 0 && (acked.length === 0 || this.#segments.isEmpty)) return
    const writtenBefore = this.#writtenUpTo
    try {
      this.#acked = []
      this.#writtenUpTo = Math.max(writtenBefore, records.at(-1)?.n ?? 0)
      await this.#segments.append(records, acked)
      this.#tail.keep((n) => n > this.#writtenUpTo)
      await this.#segments.removeTold()
      await this.#segments.makeRoom()
      this.#failure = undefined
    } catch (error) {
      this.#failure = explainError(error)
      this.#acked = [...acked, ...this.#acked]
      this.#segments.leaveLast()
      if (this.#tail.first === undefined || this.#tail.first > this.#writtenUpTo) return
      // It is written anew.
      this.#writtenUpTo = writtenBefore
      this.#tail.keep((n) => this.#unacknowledged.has(n))
    }
  }

  #fewer(records: readonly R[], mostBytes: number): readonly R[] {
    const after = this.#options.shrink(records, mostBytes)
    this.#unacknowledged.giveUp(records, after)
    return after
  }

  async #read(mostBytes: number): Promise<readonly R[]> {
    const found: R[] = []
    let bytes = 0
    const take = (record: R): boolean => {
      if (this.#unacknowledged.isHeld(record.n)) return true
      bytes += bytesOf(record)
      if (bytes > mostBytes && found.length > 0) return false
      found.push(record)
      return true
    }
    if (!this.hasNews) return found
    for await (const records of this.#segments.read()) for (const record of records) if (!take(record)) return found
    for (const record of this.#tail.records) if (!take(record)) return found
    return found
  }
}
