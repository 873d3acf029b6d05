import { at, isObject } from './shape.ts'
import { bounded, isStateKey, type Meaning, meaningOf, type Word } from './words.ts'

// Keys in small letters, words parted by underscores.
const containers =
  /(^|_)(checks?|services?|dependenc(y|ies)|deps|components?|details|subsystems|connections|backends|upstreams|indicators|entries|core_health)$/
const dependencies =
  /^(database|db|mysql|mariadb|postgres|postgresql|mongo|mongodb|redis|neo4j|elasticsearch|weaviate|milvus|kafka|rabbitmq|mq|queue|cache|storage|minio|smtp|consul|etcd|nacos)$/
/** Keys of one dependency that tell its state as well as `status` does. */
const links = /^(connected|reachable|available|accessible|ready|running|online|working)$/
/** Keys that look like a state and are none, or the reverse of one. */
const notStates =
  /^((is|has)_)?(enabled|disabled|required|optional|critical|errors?|failed|failing|failures?|message|down|stale|debug)$|_enabled$|_disabled$/

const mostDepth = 12
const mostVisited = 5_000

/**
 * Every word with which an answer tells how what the service depends on is doing. What is switched off is told once, as `off`.
 * Bounded: of a monstrous body only the beginning is read.
 */
export function dependencyWords(json: object): readonly Word[] {
  const words: Word[] = []
  walk(json, { path: '', mode: 'names', depth: 0 }, { left: mostVisited }, words)
  return words
}

const gravity: Readonly<Record<Meaning, number>> = { good: 0, off: 0, unknown: 1, weak: 2, bad: 3 }

/** The gravest fault among dependencies; among equals the first by path, so that equal states give equal reasons. */
export function gravestFault(words: readonly Word[]): Word | undefined {
  return words
    .filter(({ meaning }) => gravity[meaning] > 0)
    .reduce<Word | undefined>((a, b) => (a && compare(a, b) <= 0 ? a : b), undefined)
}

function compare(a: Word, b: Word): number {
  return gravity[b.meaning] - gravity[a.meaning] || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)
}

/**
 * How the keys of an object are read. `names`: a state stands under `status` and the like, or under the name of a known dependency.
 * `fields`: the object is one dependency. `entries`: every key names a dependency, so bare words and booleans are states too.
 */
type Mode = 'names' | 'fields' | 'entries'

type Place = { readonly path: string; readonly mode: Mode; readonly depth: number }

function walk(here: object, { path, mode, depth }: Place, budget: { left: number }, words: Word[]): void {
  if (depth > mostDepth) return
  if (depth > 0 && isOff(here)) {
    words.push({ path, word: 'off', meaning: 'off' })
    return
  }
  const isArray = Array.isArray(here)
  for (const [key, value] of Object.entries(here)) {
    budget.left -= 1
    if (budget.left < 0) return
    const name = isArray ? '' : plain(key)
    const below = isArray ? `${path}[${labelOf(value) ?? key}]` : path === '' ? key : `${path}.${key}`
    if (typeof value === 'object' && value !== null) {
      walk(value, { path: below, mode: modeOf(name, value, mode, depth), depth: depth + 1 }, budget, words)
    } else if ((typeof value === 'boolean' || typeof value === 'string') && !isSwitchedOff(here, key)) {
      const meaning = stateIn(name, value, mode, depth)
      if (meaning) words.push({ path: below, word: value, meaning })
    }
  }
}

function modeOf(name: string, value: object, mode: Mode, depth: number): Mode {
  // Inside of a dependency `details` are its own.
  if (containers.test(name) && !(name.endsWith('details') && mode !== 'names')) return 'entries'
  if (mode === 'entries' || (depth === 0 && isStateKey(name))) {
    return hasState(value) || !isGroup(value) ? 'fields' : 'entries'
  }
  return dependencies.test(name) ? 'fields' : 'names'
}

function stateIn(name: string, value: string | boolean, mode: Mode, depth: number): Meaning | undefined {
  if (notStates.test(name)) return undefined
  const isState = depth > 0 && isStateKey(name)
  const isTold = mode === 'entries' || dependencies.test(name) || (mode === 'fields' && links.test(name))
  if (!isState && !isTold) return undefined
  const meaning = meaningOf(value)
  if (meaning !== 'unknown') return meaning
  // A bare text beside others may be anything, an address say; one that stands under `status` is meant as a state.
  return isState && mode !== 'names' && value !== '' ? 'unknown' : undefined
}

function hasState(value: object): boolean {
  return Object.entries(value).some(
    ([key, inner]) => typeof inner !== 'object' && (isStateKey(key) || links.test(plain(key))),
  )
}

/** Whether all that an object says outright might be states. */
function isGroup(value: object): boolean {
  return Object.values(value).every(
    (inner) =>
      inner === null ||
      typeof inner === 'object' ||
      typeof inner === 'boolean' ||
      (typeof inner === 'string' && meaningOf(inner) !== 'unknown'),
  )
}

const no: ReadonlySet<unknown> = new Set([false, 'false', 0, '0', 'no', 'off'])
const yes: ReadonlySet<unknown> = new Set([true, 'true', 1, '1', 'yes', 'on'])

function isOff(here: object): boolean {
  if (no.has(at(here, 'enabled')) || yes.has(at(here, 'disabled'))) return true
  return Object.entries(here).some(
    ([key, value]) => typeof value === 'string' && isStateKey(key) && meaningOf(value) === 'off',
  )
}

/** Whether a switch beside a bare word says that it counts for nothing: `redis: error, redis_enabled: false`. */
function isSwitchedOff(here: object, key: string): boolean {
  return no.has(at(here, `${key}_enabled`)) || no.has(at(here, `${key}Enabled`))
}

/** The name of an entry in a list: its place there may change from answer to answer. */
function labelOf(value: unknown): string | undefined {
  if (!isObject(value)) return undefined
  for (const key of ['name', 'component', 'service', 'id']) {
    const name = at(value, key)
    if (typeof name === 'string' && name !== '') return bounded(name.replace(/[\p{C}\s]+/gu, ' '), 60)
  }
  return undefined
}

function plain(key: string): string {
  return key
    .slice(0, 80)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase()
}
