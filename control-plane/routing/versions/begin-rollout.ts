import type { FleetView } from '../../fleet/fleet.ts'
import type { Declaration } from '../declaration/declaration.ts'
import { tableFrames } from '../table/build.ts'
import type { Traffic } from '../traffic/traffic.ts'
import { planOf } from './plan.ts'
import type { Proposal } from './proposal.ts'
import type { GatewaySeen, Rollout } from './rollout.ts'
import { stagesOf } from './stages.ts'

type About = {
  readonly fleet: FleetView
  readonly traffic: Traffic
  readonly seen: (gateway: string) => GatewaySeen | undefined
  readonly now: number
}

/** How a proposal comes to the gateways, at the beginning of its first stage; or why it cannot. */
export function beginRollout(
  proposal: Proposal,
  former: Declaration,
  next: Declaration,
  { seen, ...about }: About,
): Rollout | { readonly problem: string } {
  const [before, after] = [tableFrames(former), tableFrames(next)]
  const known = new Set([...before.keys(), ...after.keys()])
  const concerned = planOf(former, next, about).changes.map(({ gateway }) => gateway)
  const result = stagesOf(proposal.stages, concerned, known)
  if ('problem' in result) return result
  const stranger = proposal.unproven.find((gateway) => !known.has(gateway))
  if (stranger !== undefined) return { problem: `there is no gateway "${stranger}"` }
  // A gateway that only comes now has no proxy that could prove anything, and one that goes has nothing to prove.
  const provers = concerned.filter(
    (gateway) => before.has(gateway) && after.get(gateway)?.mode === 'apply' && !proposal.unproven.includes(gateway),
  )
  const { withinMs, soakMs, bounds, gated } = proposal
  const knownRejections = [...known].flatMap((gateway) => seen(gateway)?.rejected ?? [])
  const rollout = { ...result, stage: 0, since: about.now, provers, withinMs, soakMs, bounds, gated, knownRejections }
  return noted({ ...rollout, notes: [] }, about.now, stageText(rollout.stages, 0))
}

/** At the beginning of its next stage; undefined: it was in its last one. */
export function nextStage(rollout: Rollout, now: number): Rollout | undefined {
  const stage = rollout.stage + 1
  if (stage >= rollout.stages.length) return undefined
  return noted({ ...rollout, stage, since: now }, now, stageText(rollout.stages, stage))
}

export function noted(rollout: Rollout, at: number, text: string): Rollout {
  return { ...rollout, notes: [...rollout.notes, { at, text }] }
}

function stageText(stages: Rollout['stages'], index: number): string {
  const { name, gateways } = stages[index] ?? { name: 'all', gateways: [] }
  const who = gateways.length === 0 ? 'no further gateway' : gateways.join(', ')
  return `stage ${index + 1} of ${stages.length} (${name}): ${who}`
}
