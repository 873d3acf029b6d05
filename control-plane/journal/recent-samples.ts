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
/** What nothing was heard of for so long makes room. */
const forgottenMs = 15 * 60_000
/** What an owner takes besides its moments, more or less. */
const ownerBytes = 600
const valueBytes = Float32Array.BYTES_PER_ELEMENT
const wrap = 2 ** 32

/** What one node measures of one service: most of its metrics come together, so they share their times. */
type Owner = {
  readonly service: string
  readonly node: string
  readonly names: string[]
  readonly units: Sample['unit'][]
  /** The lowest 32 bits of epoch milliseconds, by moment. */
  times: Uint32Array
  /** A moment's values beside each other in the order of the names; NaN: there is none. */
  values: Float32Array
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
    const columns = owner.names.length
    const isNew = owner.moments === 0 || owner.times[owner.last] !== at % wrap || hasValue(owner, column)
    if (isNew && !this.#begin(owner, at)) return
    owner.values[owner.last * columns + column] = value
  }

  of(service: string): readonly Recent[] {
    return (this.#owners.get(service) ?? []).flatMap((owner) =>
      owner.names.flatMap((name, column) => {
        const samples = samplesOf(owner, column)
        const unit = owner.units[column] ?? 'count'
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
      names: [],
      units: [],
      times: new Uint32Array(fewestMoments),
      values: new Float32Array(0),
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
    const known = owner.names.indexOf(name)
    if (known >= 0) {
      if (owner.units[known] !== unit) clear(owner, known, unit)
      return known
    }
    if (!this.#hasRoom(owner.times.length * valueBytes)) return -1
    this.#resize(owner, owner.times.length, owner.names.length + 1)
    owner.units.push(unit)
    return owner.names.push(name) - 1
  }

  /** False: it is older than all that is kept. */
  #begin(owner: Owner, at: number): boolean {
    const { length } = owner.times
    if (owner.moments === length && length < mostMoments && this.#hasRoom(bytesOf(owner))) {
      this.#resize(owner, length * 2, owner.names.length)
    }
    const isFull = owner.moments === owner.times.length
    const isAncient = owner.newest - at >= wrap / 2
    if (isFull || isAncient) owner.whole = false
    if (isAncient || (isFull && !makeRoom(owner, at))) return false
    if (!isFull) owner.moments += 1
    owner.last = (owner.last + 1) % owner.times.length
    owner.times[owner.last] = at % wrap
    owner.newest = Math.max(owner.newest, at)
    const columns = owner.names.length
    owner.values.fill(Number.NaN, owner.last * columns, (owner.last + 1) * columns)
    this.#forgetOne(at)
    return true
  }

  /** Keeps what there is, the oldest moment first. */
  #resize(owner: Owner, moments: number, columns: number): void {
    const before = bytesOf(owner)
    const { times, values, names } = owner
    const [newTimes, newValues] = [new Uint32Array(moments), new Float32Array(moments * columns).fill(Number.NaN)]
    for (let index = 0; index < owner.moments; index += 1) {
      const place = placeOf(owner, index)
      newTimes[index] = times[place] ?? 0
      newValues.set(values.subarray(place * names.length, (place + 1) * names.length), index * columns)
    }
    owner.times = newTimes
    owner.values = newValues
    owner.last = owner.moments - 1
    this.#bytes += bytesOf(owner) - before
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

function bytesOf({ times, values }: Owner): number {
  return times.byteLength + values.byteLength
}

/** Where the n-th oldest moment is. */
function placeOf({ last, moments, times }: Owner, index: number): number {
  return (last - moments + 1 + index + times.length) % times.length
}

/** How much older than the newest it is, in milliseconds. */
function ageOf({ newest, times }: Owner, place: number): number {
  return ((newest % wrap) - (times[place] ?? 0) + wrap) % wrap
}

/** Lets the oldest moment be the next to be written over: a past that is replayed pushes nothing newer out. False: `at` is older. */
function makeRoom(owner: Owner, at: number): boolean {
  const { times, values, newest, moments } = owner
  const next = placeOf(owner, 0)
  let oldest = next
  for (let index = 1; index < moments; index += 1) {
    const place = placeOf(owner, index)
    if (ageOf(owner, place) > ageOf(owner, oldest)) oldest = place
  }
  if (newest - at > ageOf(owner, oldest)) return false
  if (oldest === next) return true
  const columns = owner.names.length
  times.copyWithin(oldest, next, next + 1)
  values.copyWithin(oldest * columns, next * columns, (next + 1) * columns)
  return true
}

function hasValue({ values, names, last }: Owner, column: number): boolean {
  return !Number.isNaN(values[last * names.length + column])
}

/** Of another unit it is another series. */
function clear(owner: Owner, column: number, unit: Sample['unit']): void {
  owner.units[column] = unit
  for (let at = column; at < owner.values.length; at += owner.names.length) owner.values[at] = Number.NaN
}

function samplesOf(owner: Owner, column: number): { readonly at: number; readonly value: number }[] {
  const { values, names, newest, moments } = owner
  const samples: { readonly at: number; readonly value: number }[] = []
  for (let index = 0; index < moments; index += 1) {
    const place = placeOf(owner, index)
    const value = values[place * names.length + column] ?? Number.NaN
    if (Number.isNaN(value)) continue
    // What single precision cannot tell is left out.
    samples.push({ at: newest - ageOf(owner, place), value: Number(value.toPrecision(7)) })
  }
  return samples.sort((a, b) => a.at - b.at)
}
