import { explainError } from '#shared/failure/failure.ts'
import { bytesOf } from './record.ts'
import { type Acked, ackedFrame, type Header, headerFrame, readSegment, recordFrame, runsOf } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { pairToJoin } from './thin.ts'

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

type Part = {
  readonly name: string
  level: number
  /** The numbers that it holds, from the first to the last, of which `open` are not acknowledged. */
  first: number
  last: number
  open: number
  bytes: number
}

type Waiting<R> = { readonly record: R; readonly bytes: number }

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
  readonly #segmentBytes: number
  readonly #parts: Part[] = []
  readonly #open = new Set<number>()
  readonly #held = new Set<number>()
  #tail: Waiting<R>[] = []
  #tailBytes = 0
  #acked: number[] = []
  /** Whether the last segment may be written on. */
  #writable = false
  #log: string
  #next = 1
  #number = 1
  #writtenUpTo = 0
  #lost = 0
  #damagedBytes = 0
  #unreadable = false
  #failure: string | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #queued: Promise<void> | undefined

  private constructor(options: LaneOptions<R>) {
    this.#options = options
    this.#segmentBytes = Math.min(128 * 1024, Math.floor(options.most / 8))
    this.#log = options.log
  }

  /** With what an earlier run left behind, as far as it is whole. Never rejects: a folder that cannot be read is not used. */
  static async open<R extends { readonly n: number }>(options: LaneOptions<R>): Promise<Lane<R>> {
    const lane = new Lane(options)
    await lane.#recover().catch((error: unknown) => {
      lane.#unreadable = true
      lane.#failure = explainError(error)
    })
    return lane
  }

  /** Which log the numbers are of. */
  get log(): string {
    return this.#log
  }

  get state(): LaneState {
    return {
      waiting: this.#open.size,
      bytes: this.#parts.reduce((sum, { bytes }) => sum + bytes, 0) + this.#tailBytes,
      inMemory: this.#tail.length,
      lost: this.#lost,
      damagedBytes: this.#damagedBytes,
      failure: this.#failure,
    }
  }

  /** Whether there is something to be read. */
  get hasNews(): boolean {
    return this.#open.size > this.#held.size
  }

  /** Takes a record in; it is on the disk after the next `flush`. @param held somebody tells it: `read` passes it over */
  append(make: (n: number) => R, held: boolean): number {
    const n = this.#next
    this.#next += 1
    const record = make(n)
    this.#open.add(n)
    if (held) this.#held.add(n)
    const bytes = bytesOf(record)
    this.#tail.push({ record, bytes })
    this.#tailBytes += bytes
    if (this.#tailBytes > this.#options.mostInMemory) this.#shrinkTail()
    return n
  }

  /** `read` passes these over until they are released. */
  hold(numbers: readonly number[]): void {
    for (const n of numbers) if (this.#open.has(n)) this.#held.add(n)
  }

  /** What was held and has not been acknowledged is to be read again. */
  release(numbers: Iterable<number>): void {
    for (const n of numbers) this.#held.delete(n)
  }

  releaseAll(): void {
    this.#held.clear()
  }

  /** These need not be kept any longer. */
  acknowledge(numbers: readonly number[]): void {
    let fromTail = false
    for (const n of numbers) {
      if (!this.#open.delete(n)) continue
      this.#held.delete(n)
      if (n > this.#writtenUpTo) fromTail = true
      else {
        this.#acked.push(n)
        const part = this.#parts.find(({ first, last }) => n >= first && n <= last)
        if (part) part.open -= 1
      }
    }
    if (fromTail) this.#setTail(this.#tail.filter(({ record }) => this.#open.has(record.n)))
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
      if (this.#open.size > 0) return
      for (const { name } of this.#parts.splice(0)) await this.#options.files.remove(name).catch(() => {})
    })
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step)
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #recover(): Promise<void> {
    const { files } = this.#options
    for (const name of await files.list()) {
      this.#number = Math.max(this.#number, files.numberOf(name) + 1)
      const bytes = await files.read(name)
      const segment = readSegment<R>(bytes)
      this.#damagedBytes += bytes.length - (segment?.goodBytes ?? 0)
      if (segment === undefined) {
        await files.remove(name).catch(() => {})
        continue
      }
      if (segment.goodBytes < bytes.length) await files.truncate(name, segment.goodBytes).catch(() => {})
      this.#log = segment.header.log
      // A number that was read already is that of a segment which had been joined, or written twice.
      const numbers = segment.records.map(({ n }) => n).filter((n) => n >= this.#next)
      const { level } = segment.header
      const [first = this.#next] = numbers
      const last = numbers.at(-1) ?? this.#next - 1
      for (const n of numbers) this.#open.add(n)
      this.#parts.push({ name, level, first, last, open: 0, bytes: segment.goodBytes })
      this.#next = last + 1
      for (const [from, to] of segment.acked) for (let n = from; n <= to; n += 1) this.#open.delete(n)
    }
    this.#writtenUpTo = this.#next - 1
    for (const part of this.#parts) part.open = this.#openIn(part.first, part.last)
  }

  #openIn(first: number, last: number): number {
    let open = 0
    for (let n = first; n <= last; n += 1) if (this.#open.has(n)) open += 1
    return open
  }

  async #write(): Promise<void> {
    const records = this.#tail.map(({ record }) => record)
    const acked = this.#acked
    if (records.length === 0 && (acked.length === 0 || this.#parts.length === 0)) return
    const writtenBefore = this.#writtenUpTo
    try {
      this.#acked = []
      this.#writtenUpTo = Math.max(writtenBefore, records.at(-1)?.n ?? 0)
      await this.#append(records, acked)
      this.#setTail(this.#tail.filter(({ record }) => record.n > this.#writtenUpTo))
      await this.#removeTold()
      await this.#makeRoom()
      this.#failure = undefined
    } catch (error) {
      this.#failure = explainError(error)
      this.#acked = [...acked, ...this.#acked]
      // What was not written well is written anew, elsewhere: after a failed flush nobody knows what is on the disk.
      this.#writable = false
      if (this.#tail[0] === undefined || this.#tail[0].record.n > this.#writtenUpTo) return
      this.#writtenUpTo = writtenBefore
      this.#setTail(this.#tail.filter(({ record }) => this.#open.has(record.n)))
    }
  }

  async #append(records: readonly R[], acked: readonly number[]): Promise<void> {
    const frames = records.map(recordFrame)
    if (acked.length > 0) frames.push(ackedFrame(runsOf(acked.toSorted((a, b) => a - b))))
    const part = await this.#put(Buffer.concat(frames), records.length > 0)
    const [first] = records
    if (first === undefined) return
    if (part.last < part.first) part.first = first.n
    part.last = records.at(-1)?.n ?? part.last
    part.open = this.#openIn(part.first, part.last)
  }

  /**
   * Writes on the last segment, or begins another one.
   * @param durably that something was acknowledged costs a repetition if it is lost; a record is lost for good
   */
  async #put(content: Buffer, durably: boolean): Promise<Part> {
    const { files } = this.#options
    const current = this.#parts.at(-1)
    if (this.#writable && current && current.bytes < this.#segmentBytes) {
      await files.write(current.name, content, current.bytes, durably)
      current.bytes += content.length
      return current
    }
    this.#writable = false
    const header = headerFrame(this.#header(0))
    const name = await files.create(this.#number, Buffer.concat([header, content]))
    this.#number += 1
    const part: Part = { name, level: 0, first: 1, last: 0, open: 0, bytes: header.length + content.length }
    this.#parts.push(part)
    this.#writable = true
    return part
  }

  #header(level: number): Header {
    return { version: 1, log: this.#log, level }
  }

  /** Only from the front: what a segment says of acknowledgements is about those before it. */
  async #removeTold(): Promise<void> {
    for (;;) {
      const [oldest] = this.#parts
      if (!oldest || oldest.open > 0) return
      if (this.#parts.length === 1) {
        if (this.#writable && oldest.bytes < this.#segmentBytes / 2) return
        this.#writable = false
      }
      await this.#options.files.remove(oldest.name)
      this.#parts.shift()
    }
  }

  async #makeRoom(): Promise<void> {
    const { most } = this.#options
    while (this.#parts.reduce((sum, { bytes }) => sum + bytes, 0) > most && this.#parts.length > 2) await this.#join()
  }

  /** Two neighbours become one with half the bytes. */
  async #join(): Promise<void> {
    const { files, shrink } = this.#options
    const closed = this.#parts.slice(0, -1)
    const at = pairToJoin(closed.map(({ level }) => level))
    const [one, two] = [closed[at], closed[at + 1]]
    if (!one || !two) return
    const [a, b] = [await this.#readPart(one), await this.#readPart(two)]
    const before = [...a.records, ...b.records]
    const bytes = before.reduce((sum, record) => sum + bytesOf(record), 0)
    const most = Math.floor((one.bytes + two.bytes) / 2)
    const after = bytes > most ? shrink(before, most) : before
    this.#forget(before, after)
    const level = Math.max(one.level, two.level) + 1
    const acked = [...a.acked, ...b.acked]
    const content = Buffer.concat([
      headerFrame(this.#header(level)),
      ...after.map(recordFrame),
      ...(acked.length > 0 ? [ackedFrame(acked)] : []),
    ])
    await files.replace(one.name, content)
    const [first = 1] = after.map(({ n }) => n)
    Object.assign(one, { level, first, last: after.at(-1)?.n ?? 0, bytes: content.length })
    one.open = this.#openIn(one.first, one.last)
    this.#parts.splice(at + 1, 1)
    await files.remove(two.name)
  }

  #forget(before: readonly R[], after: readonly R[]): void {
    const kept = new Set(after.map(({ n }) => n))
    for (const { n } of before) {
      if (kept.has(n) || !this.#open.delete(n)) continue
      this.#held.delete(n)
      this.#lost += 1
    }
  }

  #shrinkTail(): void {
    // What is being written stays as it is, and so does the newer half of the rest.
    const from = this.#tail.filter(({ record }) => record.n <= this.#writtenUpTo).length
    const half = from + Math.ceil((this.#tail.length - from) / 2)
    const older = this.#tail.slice(from, half).map(({ record }) => record)
    const after = this.#options.shrink(older, Math.floor(this.#options.mostInMemory / 4))
    this.#forget(older, after)
    const shrunk = after.map((record) => ({ record, bytes: bytesOf(record) }))
    this.#setTail([...this.#tail.slice(0, from), ...shrunk, ...this.#tail.slice(half)])
  }

  #setTail(tail: Waiting<R>[]): void {
    this.#tail = tail
    this.#tailBytes = tail.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The records of a segment that are still to be told. */
  async #readPart({ name, first, last }: Part): Promise<{ readonly records: readonly R[]; readonly acked: Acked }> {
    const segment = readSegment<R>(await this.#options.files.read(name))
    const records = (segment?.records ?? []).filter(({ n }) => n >= first && n <= last && this.#open.has(n))
    return { records, acked: segment?.acked ?? [] }
  }

  async #read(mostBytes: number): Promise<readonly R[]> {
    const found: R[] = []
    let bytes = 0
    const take = (record: R): boolean => {
      if (this.#held.has(record.n)) return true
      bytes += bytesOf(record)
      if (bytes > mostBytes && found.length > 0) return false
      found.push(record)
      return true
    }
    if (!this.hasNews) return found
    for (const part of this.#parts) {
      if (part.open === 0) continue
      for (const record of (await this.#readPart(part)).records) if (!take(record)) return found
    }
    for (const { record } of this.#tail) if (!take(record)) return found
    return found
  }
}
