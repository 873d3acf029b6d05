import { clock } from './age.ts'

type Change = {
  readonly instance?: unknown
  readonly health?: unknown
  readonly at?: unknown
  readonly folded?: unknown
}

/** What an agent told of its past: each state change with its own time, and what is known by its number only. */
export function historyText(
  changes: readonly Change[],
  lostChanges: unknown,
  lostSamples: unknown,
  reasonOf: (change: Change) => string,
): string {
  const told = changes.map((change) => {
    const { instance, health, at } = change
    return `${String(instance)} ${String(health)}: ${reasonOf(change)} at ${timeText(at)}`
  })
  const lost = [
    ...(Number(lostChanges) > 0 ? [`${lostChanges} more changes`] : []),
    ...(Number(lostSamples) > 0 ? [`${lostSamples} measurements`] : []),
  ]
  if (lost.length > 0) told.push(`${lost.join(' and ')} had no room`)
  return `told later: ${told.join('; ')}`
}

function timeText(at: unknown): string {
  return typeof at === 'number' && Math.abs(at) < 8.64e15 ? clock(new Date(at).toISOString()) : 'an unknown time'
}
