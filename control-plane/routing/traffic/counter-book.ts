import type { Counter, Counters } from '#shared/protocol/traffic.ts'
import type { CounterNames } from './counter-names.ts'
import type { RouteCount, ServiceCount } from './traffic.ts'

/** What has come since somebody looked last. */
export type Come = { readonly routes: readonly RouteCount[]; readonly services: readonly ServiceCount[] }

type Kind = 'routes' | 'services' | 'listeners'

/** One life of one Envoy. */
type Life = {
  readonly of: string
  readonly known: Readonly<Record<Kind, Map<string, Counter>>>
  /** How old it was when it was looked at first, if it had counted before: what is told at that age is where its counters begin. */
  firstUpMs: number | undefined
  heardAt: number
  /** Requests that listeners have seen and no route has; less than none while a route has what its listener has not yet. */
  elsewhere: { requests: number; errors: number }
}

/** More Envoys than are looked at; those heard longest ago are forgotten. */
const mostLives = 5_000
/** What a newcomer has counted in this time is news; what an older one has counted before anybody looked is not of now. */
const newcomerMs = 60_000

/**
 * How far the counters of each Envoy have been taken into account. Counters are told as they stand, so one that is told twice counts once, one
 * that got lost is made up for by the next, and an Envoy that starts anew begins at zero without anything being lost.
 */
export class CounterBook {
  readonly #lives = new Map<string, Life>()

  /**
   * What has come with this; undefined: nothing can be said, only the beginning is known now.
   * @param now milliseconds of a monotonic clock
   */
  take(
    node: string,
    { gateway, envoy, life, upMs, ...counters }: Counters,
    names: CounterNames,
    now: number,
  ): Come | undefined {
    const key = JSON.stringify([gateway, envoy, life])
    const of = JSON.stringify([node, gateway, envoy])
    const before = this.#lives.get(key)
    if (before) this.#lives.delete(key)
    const lookedAt = before ? undefined : this.#lastHeard(of)
    const book: Life = before ?? {
      of,
      known: none(),
      firstUpMs: undefined,
      heardAt: now,
      elsewhere: { requests: 0, errors: 0 },
    }
    book.heardAt = now
    this.#lives.set(key, book)
    const [oldest] = this.#lives.keys()
    if (this.#lives.size > mostLives && oldest !== undefined) this.#lives.delete(oldest)
    const bornAt = now - upMs
    const isOlder = !before && bornAt < (lookedAt ?? now - newcomerMs)
    if (isOlder) book.firstUpMs = upMs
    const moved = {
      routes: counters.routes.map((counter) => advance(book, 'routes', counter, upMs)),
      services: counters.services.map((counter) => advance(book, 'services', counter, upMs)),
      listeners: counters.listeners.map((counter) => advance(book, 'listeners', counter, upMs)),
    }
    if (isOlder) return undefined
    const listeners = moved.listeners.filter(({ name }) => names.isListener(name))
    const rest = elsewhere(book, moved.routes, listeners)
    return {
      routes: [
        ...moved.routes.map(({ name, ...count }) => ({ route: names.route(name), ...count })),
        ...(rest.requests > 0 ? [{ route: '', ...rest, totalMs: 0 }] : []),
      ],
      services: moved.services.flatMap(({ name, ...count }) => {
        const service = names.service(name)
        return service === undefined ? [] : [{ service, ...count }]
      }),
    }
  }

  #lastHeard(of: string): number | undefined {
    let last: number | undefined
    for (const life of this.#lives.values()) if (life.of === of) last = Math.max(last ?? 0, life.heardAt)
    return last
  }
}

function none(): Life['known'] {
  return { routes: new Map(), services: new Map(), listeners: new Map() }
}

/** How far one counter has moved. */
function advance({ known, firstUpMs }: Life, kind: Kind, now: Counter, upMs: number): Counter {
  const before = known[kind].get(now.name)
  known[kind].set(now.name, now)
  // Many counters are told in several messages.
  if (!before && upMs === firstUpMs) return { name: now.name, requests: 0, errors: 0, totalMs: 0, took: [] }
  // One that has gone back was away meanwhile, with its route, and began anew.
  if (!before || now.requests < before.requests) return now
  const less = (value: number, was: number) => Math.max(0, value - was)
  return {
    name: now.name,
    requests: now.requests - before.requests,
    errors: less(now.errors, before.errors),
    totalMs: less(now.totalMs, before.totalMs),
    took: now.took.map((count, slot) => less(count, before.took[slot] ?? 0)),
  }
}

/** What came to listeners and to no route that asks a service: what nothing took, or what the Envoy answered by itself. */
function elsewhere(book: Life, routes: readonly Counter[], listeners: readonly Counter[]) {
  const sum = (all: readonly Counter[], what: 'requests' | 'errors') =>
    all.reduce((total, each) => total + each[what], 0)
  const owed = { ...book.elsewhere }
  for (const what of ['requests', 'errors'] as const) owed[what] += sum(listeners, what) - sum(routes, what)
  const requests = Math.max(0, owed.requests)
  const errors = Math.min(requests, Math.max(0, owed.errors))
  book.elsewhere = { requests: owed.requests - requests, errors: requests === 0 ? owed.errors : 0 }
  return { requests, errors }
}
