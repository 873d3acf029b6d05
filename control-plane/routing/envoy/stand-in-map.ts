/** So many values stand in for others before a map of its own is made: looking a name up stays what it was. */
const mostStandingIn = 16

/**
 * `values` with others under some of its names. Of hundreds of values one is another with each change, and both maps are kept: what they have
 * in common is not copied.
 * @param others all under names that `values` has
 */
export function standIn<V>(values: ReadonlyMap<string, V>, others: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  const { base, standing } = values instanceof StandInMap ? values : { base: values, standing: others }
  const all = standing === others ? others : new Map([...standing, ...others])
  const made = new StandInMap<V>(base, all)
  return all.size > mostStandingIn ? new Map(made) : made
}

/** A map of the same names as another, in the same order. */
class StandInMap<V> implements ReadonlyMap<string, V> {
  readonly base: ReadonlyMap<string, V>
  readonly standing: ReadonlyMap<string, V>

  constructor(base: ReadonlyMap<string, V>, standing: ReadonlyMap<string, V>) {
    this.base = base
    this.standing = standing
  }

  get size(): number {
    return this.base.size
  }

  get(name: string): V | undefined {
    return this.standing.get(name) ?? this.base.get(name)
  }

  has(name: string): boolean {
    return this.base.has(name)
  }

  keys(): MapIterator<string> {
    return this.base.keys()
  }

  *entries(): Generator<[string, V], undefined> {
    for (const [name, value] of this.base) yield [name, this.standing.get(name) ?? value]
  }

  *values(): Generator<V, undefined> {
    for (const [name, value] of this.base) yield this.standing.get(name) ?? value
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries()
  }

  forEach(callback: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [name, value] of this) callback(value, name, this)
  }
}
