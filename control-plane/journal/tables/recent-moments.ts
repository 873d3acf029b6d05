import { isOwn, type Layout } from './metric-layouts.ts'

/** Of a name in a layout that is not shared, more or less. */
const nameBytes = 100
/** Of a time, and of a value. */
export const wordBytes = 4
export const wrap = 2 ** 32

/** What one node measures of one service: most of its metrics come together, so they share their times. */
export type Owner = {
  readonly service: string
  readonly node: string
  layout: Layout
  /**
   * One moment after the other, each as the lowest 32 bits of its epoch milliseconds and a value in single precision for each metric, in the
   * order of the layout; NaN: there is none. One piece of memory, since each one costs some two hundred bytes besides.
   */
  words: DataView<ArrayBuffer>
  /** The newest time; all others are less than some weeks away from it. */
  newest: number
  /** The moment that was written last. */
  last: number
  moments: number
  whole: boolean
  /** Since the last moment began, no place was found for a metric. */
  crowded: boolean
  /** All moments were written anew since metrics that nobody speaks of were looked for. */
  untidy: boolean
}

export function momentBytes({ names }: Layout): number {
  return (1 + names.length) * wordBytes
}

export function bytesOf({ words, layout }: Pick<Owner, 'words' | 'layout'>): number {
  return words.byteLength + (isOwn(layout) ? layout.names.length * nameBytes : 0)
}

/** What it would take with so many metrics in a layout of its own. */
export function bytesWith(owner: Owner, columns: number): number {
  return roomOf(owner) * (1 + columns) * wordBytes + columns * nameBytes
}

/** How many moments find room. */
export function roomOf({ words, layout }: Owner): number {
  return words.byteLength / momentBytes(layout)
}

/** Where the time of a moment is, or one of its values. */
export function offsetOf({ layout }: Owner, place: number, column = -1): number {
  return place * momentBytes(layout) + (1 + column) * wordBytes
}

export function timeAt(owner: Owner, place: number): number {
  return owner.words.getUint32(offsetOf(owner, place))
}

function valueAt(owner: Owner, place: number, column: number): number {
  return owner.words.getFloat32(offsetOf(owner, place, column))
}

export function clear(owner: Owner, place: number, column: number): void {
  owner.words.setFloat32(offsetOf(owner, place, column), Number.NaN)
}

export function copyMoment(from: Owner, fromPlace: number, to: Owner, toPlace: number): void {
  const bytes = new Uint8Array(from.words.buffer, offsetOf(from, fromPlace), momentBytes(from.layout))
  new Uint8Array(to.words.buffer).set(bytes, offsetOf(to, toPlace))
}

/** Copies the time and these values; the rest has none. */
export function copyColumns(
  from: Owner,
  fromPlace: number,
  to: Owner,
  toPlace: number,
  columns: readonly number[],
): void {
  to.words.setUint32(offsetOf(to, toPlace), timeAt(from, fromPlace))
  for (let column = 0; column < to.layout.names.length; column += 1) {
    const before = columns[column]
    const value = before === undefined ? Number.NaN : valueAt(from, fromPlace, before)
    to.words.setFloat32(offsetOf(to, toPlace, column), value)
  }
}

/** Those that have a value in a moment that is kept. */
export function columnsInUse(owner: Owner): readonly number[] {
  const isUsed = (_: string, column: number) => {
    // Most have one in the newest.
    for (let index = owner.moments - 1; index >= 0; index -= 1) {
      if (!Number.isNaN(valueAt(owner, placeOf(owner, index), column))) return true
    }
    return false
  }
  return owner.layout.names.flatMap((name, column) => (isUsed(name, column) ? [column] : []))
}

/** Where the n-th oldest moment is. */
export function placeOf(owner: Owner, index: number): number {
  const room = roomOf(owner)
  return (owner.last - owner.moments + 1 + index + room) % room
}

/** How much older than the newest it is, in milliseconds. */
function ageOf(owner: Owner, place: number): number {
  return ((owner.newest % wrap) - timeAt(owner, place) + wrap) % wrap
}

/** Lets the oldest moment be the next to be written over: a past that is replayed pushes nothing newer out. False: `at` is older. */
export function makeRoom(owner: Owner, at: number): boolean {
  const { newest, moments } = owner
  const next = placeOf(owner, 0)
  let oldest = next
  for (let index = 1; index < moments; index += 1) {
    const place = placeOf(owner, index)
    if (ageOf(owner, place) > ageOf(owner, oldest)) oldest = place
  }
  if (newest - at > ageOf(owner, oldest)) return false
  if (oldest === next) return true
  copyMoment(owner, next, owner, oldest)
  return true
}

export function hasValue(owner: Owner, column: number): boolean {
  return !Number.isNaN(valueAt(owner, owner.last, column))
}

export function samplesOf(owner: Owner, column: number): { readonly at: number; readonly value: number }[] {
  const { newest, moments } = owner
  const samples: { readonly at: number; readonly value: number }[] = []
  for (let index = 0; index < moments; index += 1) {
    const place = placeOf(owner, index)
    const value = valueAt(owner, place, column)
    if (Number.isNaN(value)) continue
    // What single precision cannot tell is left out.
    samples.push({ at: newest - ageOf(owner, place), value: Number(value.toPrecision(7)) })
  }
  return samples.sort((a, b) => a.at - b.at)
}
