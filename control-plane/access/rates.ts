import type { Bound } from '../fleet/bound.ts'
import { Buckets } from './buckets.ts'
import type { Caller } from './caller.ts'
import type { AccessConfig } from './config.ts'
import type { Operation } from './matrix.ts'
import { networkOf } from './network-of.ts'

/** What is counted apart. */
export type CallKind = 'reads' | 'changes' | 'beats'

/** Callers that are counted at once, for each kind. */
const mostKeys = 20_000
/** Who was refused is named for so long. */
const namedForMs = 10 * 60_000
const mostNamed = 5

/**
 * As what a call counts. What clients of the registry say of themselves is told by ten thousand of them from one translated address, or by
 * one token, within seconds when a plane is back.
 */
export function kindOf({ method, needs }: Pick<Operation, 'method' | 'needs'>): CallKind {
  if (method === 'GET') return 'reads'
  return needs === 'registry:write' ? 'beats' : 'changes'
}

/** By what a caller is counted; undefined: it is not, since it is on this machine, where nothing is asked of anybody. */
export function keyOf(
  caller: Caller | undefined,
  from: string,
  network: (from: string) => string = networkOf,
): string | undefined {
  if (caller?.id !== undefined) return caller.id
  if (caller?.kind === 'agent' || caller?.kind === 'plane') return caller.name
  if (caller?.kind === 'open' && isThisMachine(from)) return undefined
  return network(from)
}

function isThisMachine(from: string): boolean {
  return from.startsWith('127.') || from === '::1'
}

/** How many calls each caller may make: by its token, session or certificate, or else by its address. */
export class CallRates {
  readonly #now: () => number
  readonly #buckets: Readonly<Record<CallKind, Buckets | undefined>>
  readonly #networks = new Map<string, string>()
  readonly #refused: Record<CallKind, number> = { reads: 0, changes: 0, beats: 0 }
  /** Who was refused last, by how he is named to people. */
  readonly #named = new Map<string, { at: number; count: number }>()

  /** @param now milliseconds that only rise */
  constructor({ reads, changes, beats }: AccessConfig['rates'], now: () => number = () => performance.now()) {
    this.#now = now
    this.#buckets = {
      reads: new Buckets(reads, mostKeys),
      changes: new Buckets(changes, mostKeys),
      beats: beats && new Buckets(beats, mostKeys),
    }
  }

  /** Counts a call. Returns 0, or for how many milliseconds the caller is to wait. @param caller undefined: it is not known */
  take(caller: Caller | undefined, from: string, operation: Pick<Operation, 'method' | 'needs'> | undefined): number {
    // What nobody answers, and whoever is not known, must not go by as a beat.
    const kind = operation === undefined ? 'reads' : kindOf(operation)
    const counted = kind === 'beats' && !caller ? 'changes' : kind
    const buckets = this.#buckets[counted]
    const key = buckets && keyOf(caller, from, this.#network)
    if (key === undefined) return 0
    const now = this.#now()
    const waitMs = buckets?.take(key, now) ?? 0
    if (waitMs > 0) this.#refuse(counted, caller?.id === undefined ? key : caller.name, now)
    return waitMs
  }

  bounds(): readonly Bound[] {
    const { reads, changes, beats } = this.#buckets
    return Object.entries({ reads, changes, beats }).flatMap(([kind, buckets]) =>
      buckets
        ? [
            {
              name: `rate_${kind}_callers`,
              now: buckets.size,
              most: mostKeys,
              refused: this.#refused[kind as CallKind],
            },
          ]
        : [],
    )
  }

  /** Calls that were refused since the start, by their kind. */
  counts(): Readonly<Record<string, number>> {
    const { reads, changes, beats } = this.#refused
    return { calls_reads_too_many: reads, calls_changes_too_many: changes, calls_beats_too_many: beats }
  }

  /** Who was refused of late, for people. */
  problems(): readonly string[] {
    const now = this.#now()
    const late = [...this.#named].filter(([, { at }]) => now - at < namedForMs)
    if (late.length === 0) return []
    const named = late.map(([who, { count }]) => `${who} (${count})`).join(', ')
    return [
      `RATE_LIMITED: calls were refused because they came faster than \`access.rates\` lets one caller: ${named}.`,
    ]
  }

  /** The same few addresses come again and again. */
  readonly #network = (from: string): string => {
    if (!from.includes(':')) return from
    if (this.#networks.size >= mostKeys) this.#networks.clear()
    return this.#networks.getOrInsertComputed(from, networkOf)
  }

  #refuse(kind: CallKind, who: string, now: number): void {
    this.#refused[kind] += 1
    const count = (this.#named.get(who)?.count ?? 0) + 1
    this.#named.delete(who)
    this.#named.set(who, { at: now, count })
    const [oldest] = this.#named.keys()
    if (this.#named.size > mostNamed && oldest !== undefined) this.#named.delete(oldest)
  }
}
