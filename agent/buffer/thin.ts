import { bytesOf, lost, type Sample, weightOf } from './record.ts'

/** Samples in fewer bytes: every second one goes, again and again, and each that stays says how many went before it. The newest stays. */
export function thin(samples: readonly Sample[], mostBytes: number): readonly Sample[] {
  let left = everySecond(samples)
  while (left.length > 1 && left.reduce((sum, sample) => sum + bytesOf(sample), 0) > mostBytes) left = everySecond(left)
  return left
}

function everySecond(samples: readonly Sample[]): readonly Sample[] {
  // Counted from the end, so that the newest is never the one that goes.
  const first = (samples.length - 1) % 2
  const kept: Sample[] = []
  for (let at = first; at < samples.length; at += 2) {
    const sample = samples[at]
    const before = samples[at - 1]
    if (sample) kept.push({ ...sample, ...lost((sample.lost ?? 0) + (before ? weightOf(before) : 0)) })
  }
  return kept
}

/**
 * Which of a row of segments to join with the one after it when there is no room: the oldest two that were joined equally often. So the
 * past becomes coarser the older it is, and what is recent stays whole.
 * @param levels how often each segment was joined, oldest first; at least two
 */
export function pairToJoin(levels: readonly number[]): number {
  const equal = levels.findIndex((level, at) => level === levels[at + 1])
  return Math.max(0, equal)
}
