import { type Meaning, meaningOf, stateKeys } from './words.ts'

export type DependencyFault = {
  /** Leads to the word in the body: `core_health.database.redis.status`. */
  readonly path: string
  readonly word: string
}

const containers = /(^|_)(checks?|services?|dependencies|components?|details|subsystems|connections|backends)$/i
const dependencies =
  /^(database|db|mysql|mariadb|postgres|postgresql|mongo|mongodb|redis|neo4j|elasticsearch|weaviate|milvus|kafka|rabbitmq|mq|queue|cache|storage|minio|smtp|consul|etcd|nacos)$/i

const mostDepth = 12
const mostVisited = 5_000

/**
 * The gravest thing that an answer tells of what the service depends on; among equals the first by path, so that equal states give
 * equal reasons. What is switched off is no fault.
 */
export function dependencyFault(json: object): DependencyFault | undefined {
  const faults: Fault[] = []
  walk(json, '', false, 0, { left: mostVisited }, faults)
  faults.sort((a, b) => gravity[b.meaning] - gravity[a.meaning] || (a.path < b.path ? -1 : 1))
  return faults[0]
}

type Fault = DependencyFault & { readonly meaning: Meaning }

const gravity: Readonly<Record<Meaning, number>> = { good: 0, off: 0, unknown: 1, weak: 2, bad: 3 }

/** @param told whether the entries of `here` are dependencies, so that their bare words and booleans are states */
function walk(
  here: object,
  path: string,
  told: boolean,
  depth: number,
  budget: { left: number },
  faults: Fault[],
): void {
  if (depth > mostDepth || (depth > 0 && isOff(here))) return
  const isArray = Array.isArray(here)
  for (const [key, value] of Object.entries(here)) {
    budget.left -= 1
    if (budget.left < 0) return
    const at = isArray ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const isDependency = told || (!isArray && dependencies.test(key))
    if (typeof value === 'object' && value !== null) {
      walk(value, at, isDependency || containers.test(key), depth + 1, budget, faults)
    } else if (typeof value === 'boolean' || typeof value === 'string') {
      const isState = depth > 0 && stateKeys.has(key)
      if (!isState && !isDependency) continue
      const meaning = meaningOf(value)
      // A bare text beside others may be anything, an address say; one that stands under `status` is meant as a state.
      if (meaning === 'unknown' && !(isState && told && value !== '')) continue
      if (gravity[meaning] > 0 && !notStates.has(key)) faults.push({ path: at, word: String(value), meaning })
    }
  }
}

/** Keys beside a state that only look like one. */
const notStates: ReadonlySet<string> = new Set([
  'enabled',
  'disabled',
  'required',
  'optional',
  'critical',
  'error',
  'message',
])

function isOff(here: object): boolean {
  if ('enabled' in here && (here.enabled === false || here.enabled === 'false' || here.enabled === 0)) return true
  if ('disabled' in here && here.disabled === true) return true
  return Object.entries(here).some(
    ([key, value]) => stateKeys.has(key) && typeof value === 'string' && meaningOf(value) === 'off',
  )
}
