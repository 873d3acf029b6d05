import { parse } from 'yaml'

const prefix = 'HEDDLE_'

export type FromEnvironment = {
  readonly value: Record<string, unknown>
  /** The variable that set the value at a path, by the path joined with dots. */
  readonly sources: ReadonlyMap<string, string>
}

/**
 * Settings from the environment: HEDDLE_API__PORT=9000 sets `api.port`. Values are read as YAML, so numbers, booleans and
 * lists work; a text that YAML cannot read stays a text.
 */
export function fromEnvironment(environment: Readonly<Record<string, string | undefined>>): FromEnvironment {
  const value: Record<string, unknown> = {}
  const sources = new Map<string, string>()
  // In the order of their names, a variable for a whole part comes before those for its keys.
  for (const [name, text] of Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(prefix) || text === undefined) continue
    const path = name.slice(prefix.length).toLowerCase().split('__')
    if (path.some((key) => key === '' || key === '__proto__')) continue
    let here = value
    for (const key of path.slice(0, -1)) {
      const next = here[key]
      if (typeof next === 'object' && next !== null) here = next as Record<string, unknown>
      else here = here[key] = {} as Record<string, unknown>
    }
    here[path.at(-1) ?? ''] = yamlValue(text)
    sources.set(path.join('.'), name)
  }
  return { value, sources }
}

/** `over` laid upon `base`: objects are merged key by key, everything else is replaced. */
export function overlay(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over === undefined ? base : over
  // A key may have any name, also that of the prototype.
  const merged = new Map(Object.entries(base))
  for (const [key, value] of Object.entries(over)) merged.set(key, overlay(merged.get(key), value))
  return Object.fromEntries(merged)
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function yamlValue(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return text
  }
}
