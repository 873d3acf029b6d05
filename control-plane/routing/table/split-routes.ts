import type { Declaration, SplitDeclaration } from '../declaration/declaration.ts'
import type { Route } from '../table.ts'
import { asksCanary, choicesOfSplit, type Split } from './split.ts'

/** How far a split is: only the one of this version, since another one is for another canary. */
export type SplitPosition = {
  readonly version: string
  /** Thousandths of the users. */
  readonly permille: number
  /** Whether requests of the cohort go to the canary. */
  readonly cohort: boolean
}

/** By the name of the service that is split; one that is not there has not begun: nothing goes to its canary. */
export type SplitPositions = ReadonlyMap<string, SplitPosition>

/** Whether users of a split are on its canary before, and none of them after: they were taken back, or it is another split now. */
export function takesBack(before: SplitPositions, after: SplitPositions): boolean {
  return [...before].some(([service, { version }]) => after.get(service)?.version !== version)
}

/** The services whose split leads somebody to its canary, by name. */
export function askedCanaries({ routes }: { readonly routes: readonly Route[] }): ReadonlySet<string> {
  const splits = routes.flatMap(({ action }) => (action.kind === 'forward' && action.split) || [])
  return new Set(splits.filter(asksCanary).map(({ name }) => name))
}

/** A route with the split of the service that it leads to, if that is split. */
export function withSplit<R extends Route>(route: R, splits: Declaration['splits'], positions: SplitPositions): R {
  const { action } = route
  if (action.kind !== 'forward') return route
  const [only, ...others] = action.choices
  const declared = only && others.length === 0 ? splits.get(only.service) : undefined
  if (!declared) return route
  const split = splitAt(declared, positions.get(declared.name))
  return { ...route, action: { ...action, choices: choicesOfSplit(split), split } }
}

function splitAt(
  { name, baseline, canary, by, cohort, version }: SplitDeclaration,
  position: SplitPosition | undefined,
): Split {
  const now = position?.version === version ? position : undefined
  const permille = now?.permille ?? 0
  return { name, baseline, canary, by, cohort: now?.cohort && cohort.length > 0 ? cohort : undefined, permille }
}
