import { decideCluster } from '../federation/decide.ts'
import { defaultMargins, defaultRules, ruleFor } from '../federation/policy.ts'
import type { ClusterStanding, FederationDecision, FederationView } from '../protocol/federation.ts'

/** What the plane last said; undefined: nothing yet. Then the platform's own clusters and rules hold, all standing alike. */
export type Told = FederationView | undefined

const usual = ['zervigo', 'looma']

/**
 * Which cluster a call goes to and which one is tried after it: the plane's own decision, with those clusters alive that the plane says
 * are and of which this service has an instance that can be called.
 * @param callable the clusters that can be called, as this client finds; an instance of no cluster is of the cluster ''
 */
export function planCall(
  { type, pin, told }: { readonly type: string; readonly pin: string; readonly told: Told },
  callable: ReadonlySet<string>,
): FederationDecision {
  const standings = standingsOf(told, callable)
  const policy = told ?? { rules: [...defaultRules(usual)], margins: defaultMargins }
  const rule = ruleFor(type, policy.rules)
  const previous = told?.answering.find((each) => each.rule === rule.name)?.cluster ?? undefined
  const here = standings.map((each) => ({ ...each, alive: each.alive && callable.has(each.name) }))
  // Where the plane holds no cluster alive of which this service has an instance, the instances are the better word.
  const clusters = here.some(({ alive }) => alive)
    ? here
    : standings.map((each) => ({ ...each, alive: callable.has(each.name) }))
  return decideCluster({ type, pin, clusters, policy, previous })
}

function standingsOf(told: Told, callable: ReadonlySet<string>): readonly ClusterStanding[] {
  const known: readonly ClusterStanding[] =
    told?.clusters.map(({ name, alive, health, ai_capacity, load }) => ({ name, alive, health, ai_capacity, load })) ??
    usual.map(nothingKnown)
  const names = new Set(known.map(({ name }) => name))
  return [
    ...known,
    ...[...callable]
      .filter((name) => !names.has(name))
      .sort()
      .map(nothingKnown),
  ]
}

function nothingKnown(name: string): ClusterStanding {
  return { name, alive: true, health: 0, ai_capacity: 0, load: 1 }
}
