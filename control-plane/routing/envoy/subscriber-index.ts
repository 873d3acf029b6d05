import type { ResourceKind } from './resource.ts'

/** Who wants which resource, so that a change finds those whom it concerns. */
export class SubscriberIndex<Subscriber> {
  readonly #byName = new Map<string, Set<Subscriber>>()
  readonly #wildcards = new Map<ResourceKind, Set<Subscriber>>()

  /** @param name `*` for all */
  add(kind: ResourceKind, name: string, subscriber: Subscriber): void {
    if (name === '*') include(this.#wildcards, kind, subscriber)
    else include(this.#byName, `${kind}/${name}`, subscriber)
  }

  remove(kind: ResourceKind, name: string, subscriber: Subscriber): void {
    if (name === '*') discard(this.#wildcards, kind, subscriber)
    else discard(this.#byName, `${kind}/${name}`, subscriber)
  }

  /** Each once. Nearly always they are of one sort, and hundreds: then nothing is made to go through them. */
  of(kind: ResourceKind, name: string): Iterable<Subscriber> {
    const all = this.#wildcards.get(kind)
    const named = this.#byName.get(`${kind}/${name}`)
    return all && named ? all.union(named) : (all ?? named ?? [])
  }
}

function include<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const values = index.get(key)
  if (values) values.add(value)
  else index.set(key, new Set([value]))
}

function discard<K, V>(index: Map<K, Set<V>>, key: K, value: V): void {
  const values = index.get(key)
  if (values?.delete(value) && values.size === 0) index.delete(key)
}
