import type { RolloutView, UpgradesView } from '#shared/protocol/upgrade.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Known } from '../upgrades/judge-rollout.ts'
import type { RolloutSeen } from '../upgrades/keep-upgrades.ts'
import { isoTime } from './views.ts'

const mostNodes = 200

/** A rollout as it is shown: with those under way, those that failed, and those that it leaves out. */
export function rolloutView(
  { rollout, waitingFor }: RolloutSeen,
  known: Known,
  fleet: Pick<FleetView, 'nodes'>,
): RolloutView {
  const { id, scope, version, phase, stages, stage, since, serial, by, reason, window, transitions } = rollout
  const all = Object.entries(rollout.nodes)
  const counted = (...states: readonly string[]) => all.filter(([, { state }]) => states.includes(state)).length
  const nameOf = (node: string) => fleet.nodes.get(node)?.spec.name ?? node
  const told = all.filter(([, { state }]) => state !== 'proven').slice(0, mostNodes)
  const leftOut = [...known.nodes.values()].filter((each) => each.unable !== undefined && !(each.node in rollout.nodes))
  const had = [...known.nodes.values()].filter((each) => each.unable === undefined && !(each.node in rollout.nodes))
  return {
    ...{ id, scope, version, phase, stages: [...stages], stage, since: isoTime(since), serial, by, reason, window },
    pause_ms: rollout.pauseMs,
    soak_ms: rollout.soakMs,
    limit_ms: rollout.limitMs,
    most_failed_percent: rollout.mostFailedPercent,
    at_once: rollout.atOnce,
    counts: {
      all: all.length + had.length,
      asked: counted('asked', 'well'),
      proven: counted('proven') + had.filter((each) => each.version === version).length,
      failed: counted('failed'),
    },
    nodes: told.map(([node, { state, since, why = '' }]) => {
      const says = known.nodes.get(node)?.version ?? ''
      return { node, name: nameOf(node), state, since: isoTime(since), says, why }
    }),
    left_out: leftOut
      .slice(0, mostNodes)
      .map(({ node, version, unable = '' }) => ({ node, name: nameOf(node), version, why: unable })),
    waiting_for: [...waitingFor],
    transitions: transitions.map(({ at, ...rest }) => ({ ...rest, at: isoTime(at) })),
  }
}

/** How many agents say that they have each version. */
export function versionsOf({ nodes }: Pick<FleetView, 'nodes'>): UpgradesView['versions'] {
  const counts = new Map<string, number>()
  for (const { spec, contact } of nodes.values()) {
    if (contact === 'none' || spec.version === '') continue
    counts.set(spec.version, (counts.get(spec.version) ?? 0) + 1)
  }
  return [...counts].map(([version, nodes]) => ({ version, nodes })).sort((a, b) => b.nodes - a.nodes)
}
