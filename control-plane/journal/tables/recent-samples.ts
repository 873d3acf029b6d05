import { isOwn, type Layout, Layouts, ownLayout, placeIn, takePlace } from './metric-layouts.ts'
import {
  bytesOf,
  bytesWith,
  clear,
  columnsInUse,
  copyColumns,
  copyMoment,
  hasValue,
  makeRoom,
  momentBytes,
  type Owner,
  offsetOf,
  placeOf,
  roomOf,
  samplesOf,
  timeAt,
  wordBytes,
  wrap,
} from './recent-moments.ts'
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
/** Up to so many metrics an owner has the same layout as others, and room for one more at a time; beyond it room for many, some of it free. */
const fewColumns = 64
/** What a node measures of a service beyond it finds no room: names may be anything, and ever others. */
const mostColumns = 2_000
/** Room for so many metrics, and for some more, so that it need not be made for each. */
function sizeFor(used: number): number {
  return Math.min(mostColumns, Math.ceil(used * 1.25) + 16)
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
    if (owner?.untidy) this.#tidy(owner)
    const column = owner && this.#columnOf(owner, name, unit)
    const isLater = owner?.moments === 0 || (owner && timeAt(owner, owner.last) !== at % wrap)
    if (!owner || column === undefined) {
      this.#passedOver += 1
      // Time goes on, and with it what takes the room.
      if (owner?.crowded && isLater) this.#begin(owner, at)
      return
    }
    const isNew = isLater || hasValue(owner, column)
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
      crowded: false,
      untidy: false,
    }
    this.#bytes += ownerBytes + bytesOf(owner)
    this.#owners.set(service, [...(this.#owners.get(service) ?? []), owner])
    return owner
  }

  /** Undefined: there is no room for one more. */
  #columnOf(owner: Owner, name: string, unit: Sample['unit']): number | undefined {
    const { layout } = owner
    const known = placeIn(layout, name)
    if (known >= 0) {
      if (layout.units[known] === unit) return known
      // Of another unit it is another series.
      for (let place = 0; place < roomOf(owner); place += 1) clear(owner, place, known)
      owner.layout = this.#layouts.withUnit(layout, known, unit)
      return known
    }
    if (layout.names.length >= fewColumns || isOwn(layout)) return this.#placeFor(owner, name, unit)
    if (!this.#hasRoom(roomOf(owner) * wordBytes)) {
      owner.whole = false
      return undefined
    }
    this.#resize(owner, roomOf(owner), this.#layouts.with(layout, name, unit))
    return layout.names.length
  }

  /** A place among many: that of a metric without a value in all moments that are kept, or a new one. */
  #placeFor(owner: Owner, name: string, unit: Sample['unit']): number | undefined {
    const take = () => (isOwn(owner.layout) ? takePlace(owner.layout, name, unit) : undefined)
    const taken = take()
    if (taken !== undefined) return taken
    if (!owner.crowded) {
      const used = columnsInUse(owner)
      const sizes = [sizeFor(used.length), owner.layout.names.length]
      const size = sizes.find((each) => each > used.length && this.#hasRoom(bytesWith(owner, each) - bytesOf(owner)))
      if (size !== undefined) {
        this.#resize(owner, roomOf(owner), ownLayout(owner.layout, used, size), used)
        return take()
      }
    }
    owner.crowded = true
    owner.whole = false
    return undefined
  }

  /** Gives back the room of metrics that nobody speaks of any more, if it is most of it. */
  #tidy(owner: Owner): void {
    owner.untidy = false
    const { layout } = owner
    const used = columnsInUse(owner)
    if (used.length * 2 >= layout.names.length) return
    const few = () =>
      this.#layouts.of(
        used.map((column) => layout.names[column] ?? ''),
        used.map((column) => layout.units[column] ?? 'count'),
      )
    const tidied = used.length < fewColumns ? few() : ownLayout(layout, used, sizeFor(used.length))
    this.#resize(owner, roomOf(owner), tidied, used)
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
    owner.crowded = false
    if (isFull && owner.last === 0) owner.untidy = true
    owner.words.setUint32(offsetOf(owner, owner.last), at % wrap)
    owner.newest = Math.max(owner.newest, at)
    for (let column = 0; column < owner.layout.names.length; column += 1) clear(owner, owner.last, column)
    this.#forgetOne(at)
    return true
  }

  /**
   * Keeps what there is, the oldest moment first.
   * @param layout the same, or one with one more metric; with `columns` any that begins with those
   */
  #resize(owner: Owner, moments: number, layout: Layout, columns?: readonly number[]): void {
    const before = { ...owner }
    owner.layout = layout
    owner.words = new DataView(new ArrayBuffer(moments * momentBytes(layout)))
    owner.last = owner.moments - 1
    for (let index = 0; index < owner.moments; index += 1) {
      if (columns) {
        copyColumns(before, placeOf(before, index), owner, index, columns)
        continue
      }
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
