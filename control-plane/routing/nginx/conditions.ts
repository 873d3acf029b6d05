import type { Action, Condition, Cors, Route } from '../table.ts'

/** Something that routes ask of requests besides host, method, path and client: it holds or not. */
export type RequestBit =
  | { readonly of: 'header' | 'query'; readonly condition: Condition }
  | { readonly of: 'origin'; readonly origins: readonly string[] }

/** Everything of that kind that routes ask, each once, in a stable order. */
export function conditionsOf({ routes }: { readonly routes: readonly Route[] }): readonly RequestBit[] {
  const all = routes.flatMap(({ match, action, policy }): readonly RequestBit[] => [
    ...[...match.headers, ...cohortOf(action)].map((condition) => ({ of: 'header' as const, condition })),
    ...match.query.map((condition) => ({ of: 'query' as const, condition })),
    ...(policy.cors ? [originsFit(policy.cors)] : []),
  ])
  const byText = new Map(all.map((bit) => [JSON.stringify(bit), bit]))
  return [...byText.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bit]) => bit)
}

/** That the origin of a request is one of those that a policy names. */
export function originsFit({ origins }: Cors): RequestBit {
  return { of: 'origin', origins }
}

/** What the headers of requests must be that go to the canary of a split, whoever sent them; empty: none do. */
export function cohortOf(action: Action): readonly Condition[] {
  return action.kind === 'forward' ? (action.split?.cohort ?? []) : []
}
