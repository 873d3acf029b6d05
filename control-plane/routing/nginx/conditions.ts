import type { Condition, Cors, Route } from '../table.ts'

/** Something that routes ask of requests besides host, method, path and client: it holds or not. */
export type RequestBit =
  | { readonly of: 'header' | 'query'; readonly condition: Condition }
  | { readonly of: 'origin'; readonly origins: readonly string[] }

/** Everything of that kind that routes ask, each once, in a stable order. */
export function conditionsOf({ routes }: { readonly routes: readonly Route[] }): readonly RequestBit[] {
  const all = routes.flatMap(({ match, policy }): readonly RequestBit[] => [
    ...match.headers.map((condition) => ({ of: 'header' as const, condition })),
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
