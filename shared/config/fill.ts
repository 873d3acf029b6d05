import { isObject } from './environment.ts'

/** What holds for a setting where nobody has said anything, and whose word that is: `mode production`. */
export type Assumed = {
  /**
   * Dots between keys; `*` stands for every item of a list; a key with `?` behind it is only filled where it is there already:
   * `journal.postgresql?.connections`, `mirror.datacenters.*.lanes`.
   */
  readonly path: string
  /** As it would stand in the file: a duration is a text. */
  readonly value: unknown
  readonly from: string
}

export type Filled = {
  readonly value: unknown
  /** Whose word each filled setting is, by its path joined with dots. */
  readonly sources: ReadonlyMap<string, string>
}

/** Settings with what nobody has said filled in; of several words for one setting the first counts. What is there stays, whatever it is. */
export function filled(settings: unknown, assumed: readonly Assumed[]): Filled {
  const sources = new Map<string, string>()
  let value = settings
  for (const { path, value: filling, from } of assumed) {
    value = fillAt(value, path.split('.'), [], (at) => {
      sources.set(at.join('.'), from)
      return filling
    })
  }
  return { value, sources }
}

function fillAt(
  here: unknown,
  path: readonly string[],
  at: readonly string[],
  filling: (at: readonly string[]) => unknown,
): unknown {
  const [step = '', ...rest] = path
  if (step === '*') {
    return Array.isArray(here) ? here.map((item, index) => fillAt(item, rest, [...at, String(index)], filling)) : here
  }
  const key = step.replace(/\?$/, '')
  if (!isObject(here)) return here
  const inner = here[key]
  const inside = [...at, key]
  if (rest.length === 0) return inner === undefined ? { ...here, [key]: filling(inside) } : here
  if (inner === undefined && (step.endsWith('?') || rest[0] === '*')) return here
  return { ...here, [key]: fillAt(inner ?? {}, rest, inside, filling) }
}
