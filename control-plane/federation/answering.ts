import { decideCluster } from '#shared/federation/decide.ts'
import { type FederationPolicy, type FederationRule, otherwise } from '#shared/federation/policy.ts'
import type { ClusterStanding } from '#shared/protocol/federation.ts'

/** Who answers by one rule. Times in epoch milliseconds. */
export type Answering = {
  /** undefined: no cluster is alive. */
  readonly cluster: string | undefined
  readonly since: number
  /** Another one that is better, but not by enough to take over at once. */
  readonly challenger: { readonly cluster: string; readonly since: number } | undefined
}

/** By the name of the rule. */
export type AllAnswering = ReadonlyMap<string, Answering>

/** Who answers by each rule, given who did so far. A better one takes over at once if it is better by the margin, else after `patience`. */
export function nextAnswering(
  known: AllAnswering,
  clusters: readonly ClusterStanding[],
  policy: FederationPolicy,
  patienceMs: number,
  now: number,
): AllAnswering {
  return new Map(
    [...policy.rules, otherwise].map((rule) => [
      rule.name,
      next(rule, known.get(rule.name), clusters, policy, patienceMs, now),
    ]),
  )
}

function next(
  rule: FederationRule,
  known: Answering | undefined,
  clusters: readonly ClusterStanding[],
  policy: FederationPolicy,
  patienceMs: number,
  now: number,
): Answering {
  // A rule's own name may be no type of its own: it is asked alone.
  const alone = { ...policy, rules: [{ ...rule, types: ['*'] }] }
  const decide = (previous: string | undefined) =>
    decideCluster({ type: rule.name, pin: 'auto', clusters, policy: alone, previous })
  const { cluster, instead } = decide(known?.cluster)
  const settled = cluster ?? undefined
  if (instead === null) return stay(known, settled, undefined, now)
  const since = known?.challenger?.cluster === instead ? known.challenger.since : now
  return now - since >= patienceMs
    ? stay(known, instead, undefined, now)
    : stay(known, settled, { cluster: instead, since }, now)
}

function stay(
  known: Answering | undefined,
  cluster: string | undefined,
  challenger: Answering['challenger'],
  now: number,
): Answering {
  return { cluster, since: known && known.cluster === cluster ? known.since : now, challenger }
}
