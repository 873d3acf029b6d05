import type { ClusterStanding, FederationDecision } from '../protocol/federation.ts'
import { type FederationMargins, type FederationPolicy, type FederationRule, ruleFor } from './policy.ts'

export type Question = {
  /** The type of request, or the name of the service that is called. */
  readonly type: string
  /** `auto`, or the cluster that the caller wants. */
  readonly pin: string
  /** In the order of preference: the first one wins a tie. */
  readonly clusters: readonly ClusterStanding[]
  readonly policy: FederationPolicy
  /** Which cluster answers such requests now; undefined: none yet, so nothing is held on to. */
  readonly previous: string | undefined
}

/** What a rule comes to between clusters that are alive. */
type Choice = Pick<FederationDecision, 'because'> & { readonly cluster: string | null; readonly instead?: string }

/**
 * Which cluster answers, and which one is tried once if that fails. Pure and the same for everybody: the plane, the gateways' tables and
 * the clients. A cluster that is not alive is never chosen while another one is; a pin always wins where its cluster is alive.
 */
export function decideCluster({ type, pin, clusters, policy, previous }: Question): FederationDecision {
  const rule = ruleFor(type, policy.rules)
  const alive = clusters.filter((cluster) => cluster.alive)
  const pinned = pin === 'auto' ? undefined : clusters.find(({ name }) => name === pin)
  const choice: Choice = pinned?.alive
    ? { cluster: pinned.name, because: 'pinned' }
    : choose(rule, alive, policy.margins, previous)
  const others = alive.filter(({ name }) => name !== choice.cluster)
  return {
    type,
    pin,
    rule: rule.name,
    by: rule.by,
    cluster: choice.cluster,
    // Whoever stands in has no place to hold on to.
    fallback: choose(rule, others, policy.margins, undefined).cluster,
    because: pin !== 'auto' && !pinned?.alive && choice.cluster !== null ? 'pinned_dead' : choice.because,
    instead: choice.instead ?? null,
    inputs: [...clusters],
  }
}

function choose(
  rule: FederationRule,
  alive: readonly ClusterStanding[],
  margins: FederationMargins,
  previous: string | undefined,
): Choice {
  const [first, ...more] = alive
  if (!first) return { cluster: null, because: 'none_alive' }
  if (more.length === 0) return { cluster: first.name, because: 'only_alive' }
  if (rule.by !== 'load') return highest(rule.by, alive, margins, previous)
  const prefer = alive.find(({ name }) => name === rule.prefer)
  const over = alive.find(({ name }) => name === rule.over)
  if (prefer && over) return byLoad(rule, prefer, over, margins.load, previous)
  if (prefer || over) return { cluster: (prefer ?? over)?.name ?? null, because: 'other_dead' }
  return highest('health', alive, margins, previous)
}

function byLoad(
  { under }: Extract<FederationRule, { by: 'load' }>,
  prefer: ClusterStanding,
  over: ClusterStanding,
  margin: number,
  previous: string | undefined,
): Choice {
  if (prefer.load >= under * over.load) return { cluster: over.name, because: 'not_under' }
  // To leave it is enough to be at the limit; to come in takes more, or the load that comes along would drive it out again.
  if (previous === over.name && prefer.load >= (under - margin) * over.load) {
    return { cluster: over.name, because: 'kept', instead: prefer.name }
  }
  return { cluster: prefer.name, because: 'under' }
}

function highest(
  by: 'health' | 'ai_capacity',
  alive: readonly ClusterStanding[],
  margins: FederationMargins,
  previous: string | undefined,
): Choice {
  // Sorting is stable, so that a tie goes by the order given. Where nobody has AI capacity, or the same, health decides.
  const [best, second] = alive.toSorted((a, b) => b[by] - a[by] || b.health - a.health)
  if (!best) return { cluster: null, because: 'none_alive' }
  const incumbent = alive.find(({ name }) => name === previous)
  if (incumbent && incumbent !== best && best[by] <= limit(incumbent[by], by, margins)) {
    return { cluster: incumbent.name, because: 'kept', instead: best.name }
  }
  return { cluster: best.name, because: second && second[by] === best[by] ? 'tie' : 'higher' }
}

function limit(value: number, by: 'health' | 'ai_capacity', margins: FederationMargins): number {
  return by === 'health' ? value + margins.health : value * (1 + margins.ai_capacity)
}
