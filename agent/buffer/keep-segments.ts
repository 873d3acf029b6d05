import { bytesOf } from './record.ts'
import { type Acked, ackedFrame, headerFrame, readSegment, recordFrame, runsOf } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'
import { pairToJoin } from './thin.ts'
import type { Unacknowledged } from './unacknowledged.ts'

export type SegmentsOptions<R> = {
  readonly files: SegmentFiles
  /** Names the log if there is none yet. */
  readonly log: string
  /** On the disk, in bytes. */
  readonly most: number
  readonly unacknowledged: Unacknowledged
  /** Fewer of the records in about `mostBytes`; what goes is unacknowledged no more. */
  readonly fewer: (records: readonly R[], mostBytes: number) => readonly R[]
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

/** The records of a lane that are on the disk, in segments. One call at a time; each rejects when the disk does not do it. */
export class Segments<R extends { readonly n: number }> {
  readonly #options: SegmentsOptions<R>
  readonly #segmentBytes: number
  readonly #parts: Part[] = []
  /** Whether the last segment may be written on. */
  #writable = false
  #log: string
  #next = 1
  #number = 1
  #damagedBytes = 0

  constructor(options: SegmentsOptions<R>) {
    this.#options = options
    this.#segmentBytes = Math.min(128 * 1024, Math.floor(options.most / 8))
    this.#log = options.log
  }

  /** Which log the numbers are of. */
  get log(): string {
    return this.#log
  }

  /** The first number that it has not found. */
  get next(): number {
    return this.#next
  }

  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get isEmpty(): boolean {
    return this.#parts.length === 0
  }

  /** Of damaged or torn segments, passed over by `recover`. */
  get damagedBytes(): number {
    return this.#damagedBytes
  }

  /** Takes up what an earlier run left behind, as far as it is whole. */
  async recover(): Promise<void> {
    const { files, unacknowledged } = this.#options
    await files.removeUnfinished()
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
      for (const n of numbers) unacknowledged.add(n)
      this.#parts.push({ name, level, first, last, open: 0, bytes: segment.goodBytes })
      this.#next = last + 1
      for (const [from, to] of segment.acked) for (let n = from; n <= to; n += 1) unacknowledged.acknowledge(n)
    }
    for (const part of this.#parts) part.open = unacknowledged.countIn(part.first, part.last)
  }

  /** One that is no longer unacknowledged. */
  acknowledge(n: number): void {
    const part = this.#parts.find(({ first, last }) => n >= first && n <= last)
    if (part) part.open -= 1
  }

  /** Writes records, and which numbers have been acknowledged. */
  async append(records: readonly R[], acked: readonly number[]): Promise<void> {
    const frames = records.map(recordFrame)
    if (acked.length > 0) frames.push(ackedFrame(runsOf(acked.toSorted((a, b) => a - b))))
    const part = await this.#put(Buffer.concat(frames), records.length > 0)
    const [first] = records
    if (first === undefined) return
    if (part.last < part.first) part.first = first.n
    part.last = records.at(-1)?.n ?? part.last
    part.open = this.#options.unacknowledged.countIn(part.first, part.last)
  }

  /** Begins another segment with what is written next: after a failed flush nobody knows what is on the disk. */
  leaveLast(): void {
    this.#writable = false
  }

  /** Only from the front: what a segment says of acknowledgements is about those before it. */
  async removeTold(): Promise<void> {
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

  async makeRoom(): Promise<void> {
    while (this.bytes > this.#options.most && this.#parts.length > 2) await this.#join()
  }

  /** What is not acknowledged, oldest first, a segment at a time. */
  async *read(): AsyncGenerator<readonly R[]> {
    for (const part of this.#parts) if (part.open > 0) yield (await this.#readPart(part)).records
  }

  /** As far as the disk does it. */
  async removeAll(): Promise<void> {
    for (const { name } of this.#parts.splice(0)) await this.#options.files.remove(name).catch(() => {})
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
    const header = this.#header(0)
    const name = await files.create(this.#number, Buffer.concat([header, content]))
    this.#number += 1
    const part: Part = { name, level: 0, first: 1, last: 0, open: 0, bytes: header.length + content.length }
    this.#parts.push(part)
    this.#writable = true
    return part
  }

  #header(level: number): Buffer {
    return headerFrame({ version: 1, log: this.#log, level })
  }

  /** Two neighbours become one with half the bytes. */
  async #join(): Promise<void> {
    const { files, fewer, unacknowledged } = this.#options
    const closed = this.#parts.slice(0, -1)
    const at = pairToJoin(closed.map(({ level }) => level))
    const [one, two] = [closed[at], closed[at + 1]]
    if (!one || !two) return
    const [a, b] = [await this.#readPart(one), await this.#readPart(two)]
    const before = [...a.records, ...b.records]
    const bytes = before.reduce((sum, record) => sum + bytesOf(record), 0)
    const most = Math.floor((one.bytes + two.bytes) / 2)
    const after = bytes > most ? fewer(before, most) : before
    const level = Math.max(one.level, two.level) + 1
    const acked = [...a.acked, ...b.acked]
    const content = Buffer.concat([
      this.#header(level),
      ...after.map(recordFrame),
      ...(acked.length > 0 ? [ackedFrame(acked)] : []),
    ])
    await files.replace(one.name, content)
    const [first = 1] = after.map(({ n }) => n)
    Object.assign(one, { level, first, last: after.at(-1)?.n ?? 0, bytes: content.length })
    one.open = unacknowledged.countIn(one.first, one.last)
    this.#parts.splice(at + 1, 1)
    await files.remove(two.name)
  }

  async #readPart({ name, first, last }: Part): Promise<{ readonly records: readonly R[]; readonly acked: Acked }> {
    const { files, unacknowledged } = this.#options
    const segment = readSegment<R>(await files.read(name))
    const records = (segment?.records ?? []).filter(({ n }) => n >= first && n <= last && unacknowledged.has(n))
    return { records, acked: segment?.acked ?? [] }
  }
}
