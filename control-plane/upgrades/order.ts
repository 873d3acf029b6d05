import type { Known } from './judge-rollout.ts'
import { isOpen, moved, type NodeProgress, type Rollout } from './state.ts'

/** What somebody wants of a rollout. */
export type RolloutOrder = { readonly action: 'pause' | 'resume' | 'stop'; readonly by: string; readonly why: string }

export type Ordered = { readonly rollout: Rollout } | { readonly refused: string }

/** A rollout after an order; the same object where nothing has changed. */
export function ordered(
  rollout: Rollout,
  { action, by, why }: RolloutOrder,
  known: Pick<Known, 'instancesOf'>,
  now: number,
): Ordered {
  const { phase } = rollout
  if (!isOpen(rollout)) return action === 'stop' ? { rollout } : { refused: `it is ${phase}` }
  const change = { at: now, by, code: 'asked', why } as const
  switch (action) {
    case 'pause':
      if (phase === 'paused') return { rollout }
      if (phase === 'halted') return { refused: 'it is halted: it asks nobody' }
      return { rollout: moved(rollout, { ...change, phase: 'paused' }) }
    case 'resume':
      if (phase === 'running') return { rollout }
      return { rollout: moved({ ...rollout, nodes: anew(rollout, known, now) }, { ...change, phase: 'running' }) }
    case 'stop':
      return { rollout: moved(rollout, { ...change, phase: 'stopped' }) }
  }
}

/** Whoever resumes has looked: those that failed are asked again, and what is out of routing by now was so before. */
function anew({ nodes, phase }: Rollout, { instancesOf }: Pick<Known, 'instancesOf'>, now: number): Rollout['nodes'] {
  if (phase !== 'halted') return nodes
  const kept = Object.entries(nodes).flatMap(([node, progress]): [string, NodeProgress][] => {
    if (progress.state === 'proven') return [[node, progress]]
    if (progress.state === 'failed') return []
    const { lostSince: _, ...rest } = progress
    return [[node, { ...rest, state: 'asked', at: now, since: now, routable: [...instancesOf(node).routable] }]]
  })
  return Object.fromEntries(kept)
}
