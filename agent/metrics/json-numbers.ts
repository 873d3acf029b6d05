import { at, isEnvelope, isObject, wrappers } from '#shared/probe/shape.ts'
import type { Label, Sample } from './sample.ts'

const mostDepth = 10
const mostVisited = 50_000
const mostItems = 500

/** Keys under which a time of day stands, which is no measure of anything. */
const times = /^(time|timestamp|timestamps?_?(ms|ns|s)?|ts|epoch|date|now|.*_at|.*At|.*_?start_?time.*)$/i
/** Under which of its keys an entry of a list has its name. */
const names = ['name', 'Name', 'key', 'id']

/**
 * Hands over every number of a JSON value, named by its path. A list's entries go by their names, where they have some. Lists of bare
 * numbers, times of day, texts and booleans are passed over.
 */
export function readNumbers(json: unknown, take: (sample: Sample) => void): void {
  const inner = unwrapped(json)
  if (typeof inner === 'object' && inner !== null) walk(inner, '', [], 0, { left: mostVisited }, take)
}

function unwrapped(json: unknown): unknown {
  if (!isObject(json) || !isEnvelope(json)) return json
  return (
    wrappers.map((wrapper) => at(json, wrapper)).find((inner) => typeof inner === 'object' && inner !== null) ?? json
  )
}

function walk(
  here: object,
  path: string,
  labels: readonly Label[],
  depth: number,
  budget: { left: number },
  take: (sample: Sample) => void,
): void {
  if (depth > mostDepth || path.length > 300) return
  const isList = Array.isArray(here)
  const own = isList ? labels : [...labels, ...labelsOf(here)]
  const isNamed = !isList && nameOf(here) !== undefined
  for (const [key, value] of Object.entries(here).slice(0, isList ? mostItems : mostVisited)) {
    budget.left -= 1
    if (budget.left < 0) return
    if (typeof value === 'object' && value !== null) {
      if (isList) walk(value, join(path, nameOf(value) ?? key), own, depth + 1, budget, take)
      else if (!isLabels(key)) walk(value, join(path, key), own, depth + 1, budget, take)
    } else if (typeof value === 'number' && !isList && !times.test(key.slice(0, 100))) {
      const name = isNamed && /^value$/i.test(key) ? path : join(path, key)
      if (name === '') continue
      const isCounter = /_total$/.test(name)
      take({
        name,
        family: isCounter ? name.slice(0, -6) : name,
        type: isCounter ? 'counter' : 'gauge',
        labels: own,
        value,
      })
    }
  }
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function nameOf(value: object): string | undefined {
  if (Array.isArray(value)) return undefined
  for (const key of names) {
    const name = at(value, key)
    if (typeof name === 'string' && name !== '' && name.length <= 200) return name
  }
  return undefined
}

function isLabels(key: string): boolean {
  return /^(labels|tags)$/i.test(key)
}

function labelsOf(here: object): readonly Label[] {
  return Object.entries(here).flatMap(([key, value]) => {
    if (!isLabels(key) || !isObject(value)) return []
    return Object.entries(value)
      .slice(0, 16)
      .flatMap(([label, text]): Label[] => (typeof text === 'object' ? [] : [[label, String(text)]]))
  })
}
