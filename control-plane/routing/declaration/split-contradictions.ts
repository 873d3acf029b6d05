import type { Problem } from '#shared/config/problem.ts'
import type { RoutePiece, SplitPiece } from './pieces.ts'

/**
 * What of splits does not go together with each other or with the routes.
 * @param whole whether every file could be read; otherwise nothing is said about what is not there
 */
export function splitContradictions(
  splits: readonly SplitPiece[],
  routes: readonly RoutePiece[],
  whole: boolean,
): readonly Problem[] {
  return splits.flatMap((split) => {
    const problem = (message: string): Problem => ({ ...split.at, message })
    const { name, canary } = split
    return [
      ...(canary === name ? [problem('the canary is another service, or some of the instances of this one')] : []),
      ...(splits.some((other) => other.name === canary) ? [problem(`the canary "${canary}" is split itself`)] : []),
      ...(splits.some((other) => other !== split && other.name !== name && other.canary === canary)
        ? [problem(`"${canary}" is the canary of another split, too`)]
        : []),
      ...(split.chosen && /^federated:|-cluster$/.test(name)
        ? [problem('a name that stands for clusters has no instances of its own: name a service as canary')]
        : []),
      ...routes.flatMap((route) => ofRoute(route, split)),
      ...(whole && !routes.some((route) => leadsTo(route, name)) ? [problem(`no route leads to "${name}"`)] : []),
    ]
  })
}

function leadsTo({ action }: RoutePiece, service: string): boolean {
  return action.kind === 'forward' && action.choices.some((choice) => choice.service === service)
}

/** One share of a route's requests cannot be split once more. */
function ofRoute(route: RoutePiece, { name, source }: SplitPiece): readonly Problem[] {
  const { action, at } = route
  if (action.kind !== 'forward' || action.choices.length === 1 || !leadsTo(route, name)) return []
  return [{ ...at, message: `it leads to several services, of which "${name}" is split at ${source}` }]
}
