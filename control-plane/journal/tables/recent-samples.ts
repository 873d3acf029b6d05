import { type Layout, Layouts } from './metric-layouts.ts'
import type { Sample } from './rollup.ts'

export type Recent = {
  readonly name: string
  readonly unit: Sample['unit']
  readonly node: string
  /** By their time, oldest first; values in single precision. */
  readonly samples: readonly { readonly at: number; readonly value: number }[]
  /** True: these are all that there ever were. False: older ones may have made room for newer ones. */
  readonly whole: boolean
}

/** Moments that are kept of what a node measures of a service: fifteen minutes of one each 15 s, and some more. */
const mostMoments = 64
const fewestMoments = 4
/** Room grows by so many times: what grows often leaves holes behind. */
const growth = 4
/** What nothing was heard of for so long makes room. */
const forgottenMs = 15 * 60_000
/** What an owner takes besides its moments, more or less. */
const ownerBytes = 600
/** Of a time, and of a value. */
const wordBytes = 4
const wrap = 2 ** 32

/** What one node measures of one service: most of its metrics come together, so they share their times. */
type Owner = {
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
}

/**
 * The newest samples of services as they came: fifteen minutes of what is measured each 15 s, as long as they find room. Single
 * precision, so that a hundred thousand instances find some.
 */
export class RecentSamples {
  readonly #mostBytes: number
  readonly #layouts = new Layouts()
  readonly #owners = new Map<string, readonly Owner[]>()
  #bytes = 0
  /** Something had to go, or found no room. */
  #lost = false
  #passedOver = 0
  #hand: Iterator<readonly Owner[], void> | undefined

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** Samples that found no room. */
  get passedOver(): number {
    return this.#passedOver
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Samples of nodes, and values that are no number in single precision, are passed over. */
  add({ instance = '', node, name, unit, value, at }: Sample): void {
    if (instance === '' || !Number.isFinite(Math.fround(value))) return
    const owner = this.#ownerOf(instance, node, at)
    const column = owner && this.#columnOf(owner, name, unit)
    if (!owner || column === undefined || column < 0) {
      this.#passedOver += 1
      return
    }
    const isNew = owner.moments === 0 || timeAt(owner, owner.last) !== at % wrap || hasValue(owner, column)
    if (isNew && !this.#begin(owner, at)) return
    owner.words.setFloat32(offsetOf(owner, owner.last, column), value)
  }

  of(service: string): readonly Recent[] {
    return (this.#owners.get(service) ?? []).flatMap((owner) =>
      owner.layout.names.flatMap((name, column) => {
        const samples = samplesOf(owner, column)
        const unit = owner.layout.units[column] ?? 'count'
        return samples.length === 0 ? [] : [{ name, unit, node: owner.node, samples, whole: owner.whole }]
      }),
    )
  }

  #ownerOf(service: string, node: string, at: number): Owner | undefined {
    const owners = this.#owners.get(service) ?? []
    const known = owners.find((owner) => owner.node === node)
    if (known && at - known.newest < wrap / 2) return known
    if (known) this.#drop(known)
    this.#forgetOne(at)
    if (!this.#hasRoom(ownerBytes)) return undefined
    const owner: Owner = {
      service,
      node,
      layout: this.#layouts.empty,
      words: new DataView(new ArrayBuffer(fewestMoments * wordBytes)),
      newest: at,
      last: -1,
      moments: 0,
      // Who comes after others had to go may have been here before.
      whole: !this.#lost,
    }
    this.#bytes += ownerBytes + bytesOf(owner)
    this.#owners.set(service, [...(this.#owners.get(service) ?? []), owner])
    return owner
  }

  /** -1: there is no room for one more. */
  #columnOf(owner: Owner, name: string, unit: Sample['unit']): number {
    const { layout } = owner
    const known = layout.names.indexOf(name)
    if (known >= 0) {
      if (layout.units[known] === unit) return known
      // Of another unit it is another series.
      for (let place = 0; place < roomOf(owner); place += 1) clear(owner, place, known)
      owner.layout = this.#layouts.withUnit(layout, known, unit)
      return known
    }
    if (!this.#hasRoom(roomOf(owner) * wordBytes)) return -1
    this.#resize(owner, roomOf(owner), this.#layouts.with(layout, name, unit))
    return layout.names.length
  }

  /** False: it is older than all that is kept. */
  #begin(owner: Owner, at: number): boolean {
    const room = roomOf(owner)
    if (owner.moments === room && room < mostMoments && this.#hasRoom(bytesOf(owner) * (growth - 1))) {
      this.#resize(owner, room * growth, owner.layout)
    }
    const isFull = owner.moments === roomOf(owner)
    const isAncient = owner.newest - at >= wrap / 2
    if (isFull || isAncient) owner.whole = false
    if (isAncient || (isFull && !makeRoom(owner, at))) return false
    if (!isFull) owner.moments += 1
    owner.last = (owner.last + 1) % roomOf(owner)
    owner.words.setUint32(offsetOf(owner, owner.last), at % wrap)
    owner.newest = Math.max(owner.newest, at)
    for (let column = 0; column < owner.layout.names.length; column += 1) clear(owner, owner.last, column)
    this.#forgetOne(at)
    return true
  }

  /** Keeps what there is, the oldest moment first. @param layout the same, or one with one more metric */
  #resize(owner: Owner, moments: number, layout: Layout): void {
    const before = { ...owner }
    owner.layout = layout
    owner.words = new DataView(new ArrayBuffer(moments * momentBytes(layout)))
    owner.last = owner.moments - 1
    for (let index = 0; index < owner.moments; index += 1) {
      copyMoment(before, placeOf(before, index), owner, index)
      if (layout !== before.layout) clear(owner, index, before.layout.names.length)
    }
    this.#bytes += bytesOf(owner) - bytesOf(before)
  }

  #hasRoom(bytes: number): boolean {
    const room = this.#bytes + bytes <= this.#mostBytes
    this.#lost ||= !room
    return room
  }

  /** Looks at the owners of one service, in turn: whoever was not heard of for long goes. */
  #forgetOne(now: number): void {
    this.#hand ??= this.#owners.values()
    const next = this.#hand.next()
    if (next.done === true) this.#hand = undefined
    else for (const owner of next.value) if (now - owner.newest > forgottenMs) this.#drop(owner)
  }

  #drop(owner: Owner): void {
    const left = (this.#owners.get(owner.service) ?? []).filter((each) => each !== owner)
    if (left.length > 0) this.#owners.set(owner.service, left)
    else this.#owners.delete(owner.service)
    this.#bytes -= ownerBytes + bytesOf(owner)
    this.#lost = true
  }
}

function momentBytes({ names }: Layout): number {
  return (1 + names.length) * wordBytes
}

function bytesOf({ words }: Pick<Owner, 'words'>): number {
  return words.byteLength
}

/** How many moments find room. */
function roomOf({ words, layout }: Owner): number {
  return words.byteLength / momentBytes(layout)
}

/** Where the time of a moment is, or one of its values. */
function offsetOf({ layout }: Owner, place: number, column = -1): number {
  return place * momentBytes(layout) + (1 + column) * wordBytes
}

function timeAt(owner: Owner, place: number): number {
  return owner.words.getUint32(offsetOf(owner, place))
}

function valueAt(owner: Owner, place: number, column: number): number {
  return owner.words.getFloat32(offsetOf(owner, place, column))
}

function clear(owner: Owner, place: number, column: number): void {
  owner.words.setFloat32(offsetOf(owner, place, column), Number.NaN)
}

function copyMoment(from: Owner, fromPlace: number, to: Owner, toPlace: number): void {
  const bytes = new Uint8Array(from.words.buffer, offsetOf(from, fromPlace), momentBytes(from.layout))
  new Uint8Array(to.words.buffer).set(bytes, offsetOf(to, toPlace))
}

/** Where the n-th oldest moment is. */
function placeOf(owner: Owner, index: number): number {
  const room = roomOf(owner)
  return (owner.last - owner.moments + 1 + index + room) % room
}

/** How much older than the newest it is, in milliseconds. */
function ageOf(owner: Owner, place: number): number {
  return ((owner.newest % wrap) - timeAt(owner, place) + wrap) % wrap
}

/** Lets the oldest moment be the next to be written over: a past that is replayed pushes nothing newer out. False: `at` is older. */
function makeRoom(owner: Owner, at: number): boolean {
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

function hasValue(owner: Owner, column: number): boolean {
  return !Number.isNaN(valueAt(owner, owner.last, column))
}

function samplesOf(owner: Owner, column: number): { readonly at: number; readonly value: number }[] {
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
