/** The service that requests go to: it shrinks. The other one only grows. */
export const shrinking = 'basic-server'
export const growing = 'grows'

/** Something that happens to instance `index` of its service, `atMs` after the storm has begun. */
export type StormEvent = { readonly atMs: number; readonly index: number } & (
  | { readonly kind: 'add' | 'remove' }
  /** Changes nothing that Nginx is told. */
  | { readonly kind: 'metric' | 'tag' | 'heartbeat' | 'judgement' }
)

export type Storm = {
  readonly events: readonly StormEvent[]
  /** How many instances the shrinking service has at first; the last of them are never removed. */
  readonly shrinkingAtFirst: number
  readonly added: number
  readonly removed: number
}

/** So many of the shrinking service stay, and what changes nothing happens to them. */
const survivors = 10
/** One in so many changes is a removal, which reloads at once; they are too far apart to share a reload. */
const removalEach = 16
const noOps = ['metric', 'tag', 'heartbeat', 'judgement'] as const

/** So many events at an even rate, every other one of which changes nothing; `only`: all of them. */
export function storm(count: number, seconds: number, only?: 'no-ops'): Storm {
  const changes = only ? 0 : Math.floor(count / 2)
  const removed = Math.floor(changes / removalEach)
  const everyMs = (seconds * 1_000) / count
  const events: StormEvent[] = []
  const done = { add: 0, remove: 0, nothing: 0 }
  for (let number = 0; number < count; number += 1) {
    const atMs = number * everyMs
    if (only || number % 2 === 0) {
      const kind = noOps[done.nothing % noOps.length] ?? 'metric'
      const round = Math.floor(done.nothing / noOps.length)
      events.push({ atMs, kind, index: removed + (round % survivors) })
      done.nothing += 1
    } else if ((done.add + done.remove) % removalEach === removalEach - 1) {
      events.push({ atMs, kind: 'remove', index: done.remove })
      done.remove += 1
    } else {
      events.push({ atMs, kind: 'add', index: done.add })
      done.add += 1
    }
  }
  return { events, shrinkingAtFirst: removed + survivors, added: done.add, removed: done.remove }
}
