import type { RolloutPhase } from '#shared/protocol/upgrade.ts'

/** asked: it is to become the version · well: it came back with it, and is watched · proven · failed */
export type NodeState = 'asked' | 'well' | 'proven' | 'failed'

/** One node in a rollout. Times in epoch milliseconds. */
export type NodeProgress = {
  readonly state: NodeState
  /** When it was asked. */
  readonly at: number
  /** When the state began. */
  readonly since: number
  /** The version that it had. */
  readonly from: string
  /** Its instances that were routable when it was asked; empty once it is proven. */
  readonly routable: readonly string[]
  /** Since when the plane has had no contact with it; left out: it has. */
  readonly lostSince?: number
  readonly why?: string
}

export type RolloutCode =
  | 'asked'
  | 'stage_proven'
  | 'all_proven'
  | 'contact_lost'
  | 'not_back'
  | 'agent_failed'
  | 'too_many_failed'
  | 'instance_left'
  | 'agent_slow'
  | 'frozen'
  | 'held'

/** One change of a rollout. */
export type RolloutTransition = {
  readonly at: number
  /** Whoever wanted it, or `rollout`. */
  readonly by: string
  readonly phase: RolloutPhase
  readonly stage: number
  readonly code: RolloutCode
  readonly why: string
}

/** How agents of a scope become a version, stage by stage. */
export type Rollout = {
  readonly id: number
  readonly scope: string
  readonly version: string
  readonly sha256: string
  /** `3` or `10%`. */
  readonly stages: readonly string[]
  readonly stage: number
  readonly phase: RolloutPhase
  /** When the stage or phase began. */
  readonly since: number
  /** When the stage was proven; left out: it is under way. */
  readonly provenAt?: number
  readonly pauseMs: number
  readonly soakMs: number
  readonly limitMs: number
  readonly mostFailedPercent: number
  readonly atOnce: number
  /** `22:00-04:00`, UTC. */
  readonly window: string | null
  readonly by: string
  readonly reason: string
  readonly nodes: Readonly<Record<string, NodeProgress>>
  /** Rises with every change. */
  readonly serial: number
  /** Oldest first; the last ones only. */
  readonly transitions: readonly RolloutTransition[]
}

const mostTransitions = 100

/** Whether it asks anything of agents, or may do so again. */
export function isOpen({ phase }: Pick<Rollout, 'phase'>): boolean {
  return phase === 'running' || phase === 'paused' || phase === 'halted'
}

export function moved(
  rollout: Rollout,
  change: Omit<RolloutTransition, 'stage'> & { readonly stage?: number },
): Rollout {
  const { stage = rollout.stage, phase, at } = change
  const { provenAt: _, ...rest } = rollout
  // A pause does not begin the stage anew, and does not forget that it was proven.
  const same = stage === rollout.stage
  return {
    ...(same ? rollout : rest),
    phase,
    stage,
    since: same && phase === rollout.phase ? rollout.since : at,
    serial: rollout.serial + 1,
    transitions: [...rollout.transitions, { ...change, stage }].slice(-mostTransitions),
  }
}

/** For whoever looks at it first: what nobody was there to see is not held against those under way, nor for them. */
export function takenOver(rollout: Rollout, now: number): Rollout {
  if (rollout.phase !== 'running' && rollout.phase !== 'paused') return rollout
  const nodes = Object.entries(rollout.nodes).map(([node, progress]): [string, NodeProgress] => {
    if (progress.state !== 'asked' && progress.state !== 'well') return [node, progress]
    const { lostSince: _, ...rest } = progress
    return [node, { ...rest, at: now, since: now }]
  })
  return { ...rollout, nodes: Object.fromEntries(nodes) }
}

/** How many nodes have been upgraded when a stage is done, of so many. */
export function targetOf(stage: string | undefined, all: number): number {
  if (stage === undefined) return all
  const number = Number.parseInt(stage, 10)
  return stage.endsWith('%') ? Math.ceil((all * number) / 100) : Math.min(all, number)
}

/** Whether two scopes have nodes in common, as far as their names tell. */
export function overlap(a: string, b: string): boolean {
  if (a === 'all' || b === 'all' || a === b) return true
  const [kind] = a.split(':', 1)
  const [other] = b.split(':', 1)
  // A site may hold a node of any cluster.
  return kind !== other
}
