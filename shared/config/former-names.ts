import type { Problem } from './problem.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A variable that start scripts set, ours that says the same, and what its text is in ours. */
export type FormerName = { readonly former: string; readonly ours: string; readonly told: (text: string) => string }

// In quotes: a name that looks like a number is a name.
const asText = (text: string) => JSON.stringify(text)

export const clusterMode: FormerName = { former: 'CLUSTER_MODE', ours: 'HEDDLE_MODE', told: asText }
export const nodeId: FormerName = { former: 'NODE_ID', ours: 'HEDDLE_NODE__NAME', told: asText }
export const clusterManager: FormerName = {
  former: 'CLUSTER_MANAGER',
  ours: 'HEDDLE_PLANES',
  told: (text) => JSON.stringify([withScheme(text)]),
}

/** The environment with what former names say under ours. Ours win. */
export function withFormerNames(names: readonly FormerName[], environment: Environment): Environment {
  const said = names.flatMap(({ former, ours, told }) => {
    const text = environment[former]
    return text ? [[ours, told(text)] as const] : []
  })
  return { ...Object.fromEntries(said), ...environment }
}

/** The name by which a variable was set: the former one, where ours was not. */
export function nameAsSet(names: readonly FormerName[], ours: string, environment: Environment): string {
  if (environment[ours] !== undefined) return ours
  return names.find((name) => name.ours === ours && environment[name.former])?.former ?? ours
}

/** A problem that names the variable as it was set. */
export function namedAsSet(names: readonly FormerName[], problem: Problem, environment: Environment): Problem {
  return { ...problem, file: nameAsSet(names, problem.file, environment) }
}

export function withScheme(address: string): string {
  return /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`
}
