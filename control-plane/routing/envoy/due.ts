import type { Frame } from './frame.ts'
import { mayLeadTo, mayLeave, type Subscriptions } from './order.ts'
import type { Parking } from './parking.ts'
import type { Rejections } from './rejections.ts'
import type { Resource, ResourceKind } from './resource.ts'
import type { Snapshot } from './snapshot.ts'

/** All that decides what one Envoy is to be sent now. */
export type Situation = {
  readonly snapshot: Snapshot
  readonly parking: Parking
  readonly rejections: Rejections
  readonly subscriptions: Subscriptions
  /** Answers that are not replied to yet. */
  readonly unanswered: readonly Frame[]
}

export type Upserts = {
  /** What is sent in one answer. */
  readonly together: readonly Resource[]
  /** What an Envoy waits for and will not have. */
  readonly gone: readonly string[]
  /** What is sent in an answer of its own. */
  readonly single: Resource | undefined
}

/** Whether an Envoy has rejected what is offered under a name. */
export function isRejected({ snapshot, rejections }: Situation, kind: ResourceKind, name: string): boolean {
  const current = snapshot.resources[kind].get(name)
  return current !== undefined && rejections.has(kind, current)
}

/** What an Envoy is to have under a name; 'hold': it keeps what it has; undefined: nothing. */
function dueUnder(situation: Situation, kind: ResourceKind, name: string): Resource | 'hold' | undefined {
  const { snapshot, parking, rejections, subscriptions } = situation
  const current = snapshot.resources[kind].get(name)
  if (!current || !parking.has(current) || subscriptions[kind].held(name).version === current.version) return current
  // Without a last good one, a new Envoy may try it once.
  const good = parking.lastGood(current)
  // What others have taken this one may have rejected: it is not sent again and again.
  if (good && !rejections.has(kind, good)) return good
  return rejections.has(kind, current) ? 'hold' : current
}

/** What is new or other under the names that deserve a look; of those for which nothing is left to do, none deserves one any more. */
export function upsertsFor(kind: ResourceKind, situation: Situation): Upserts {
  const { parking, subscriptions } = situation
  const subscription = subscriptions[kind]
  const { dirty, forced, alone } = subscription
  const together: Resource[] = []
  const gone: string[] = []
  let single: Resource | undefined
  for (const name of dirty) {
    const due = subscription.wants(name) ? dueUnder(situation, kind, name) : 'hold'
    if (due === undefined) {
      // Endpoints go with their cluster, certificates with their listener. That there are none is said only to whoever waits for them; it
      // takes none away.
      const goesAlong = kind === 'endpoints' || kind === 'secret'
      if (goesAlong && (forced.has(name) || subscription.owed)) gone.push(name)
      else if (goesAlong) dirty.delete(name)
      continue
    }
    const held = subscription.held(name)
    if (due === 'hold' || (!forced.has(name) && (held.sent?.version ?? held.version) === due.version)) {
      dirty.delete(name)
      forced.delete(name)
    } else if (kind === 'routes' && !mayBeSent(due, situation)) continue
    else if (alone.has(name) || parking.has(due)) single ??= due
    else together.push(due)
  }
  return {
    together: together.length > 1 ? together.sort(byName) : together,
    gone: gone.sort(),
    single: single && !waitsForSingle(kind, situation) ? single : undefined,
  }
}

function mayBeSent({ targets }: Resource, situation: Situation): boolean {
  const rejected = (kind: ResourceKind, name: string) => isRejected(situation, kind, name)
  return targets.every((target) => mayLeadTo(target, situation.subscriptions, rejected))
}

/** One that is sent alone is answered before the next, so that a rejection has one meaning. */
function waitsForSingle(kind: ResourceKind, { subscriptions, unanswered }: Situation): boolean {
  const { alone } = subscriptions[kind]
  return unanswered.some(
    (frame) => frame.kind === kind && frame.upserts.length === 1 && alone.has(frame.upserts[0]?.name ?? ''),
  )
}

/** The names of what an Envoy has, is offered no more, and can do without now. */
export function removalsFor(kind: 'listener' | 'routes' | 'cluster', situation: Situation): readonly string[] {
  const { snapshot, subscriptions } = situation
  const subscription = subscriptions[kind]
  const gone: string[] = []
  for (const name of subscription.dirty) {
    if (dueUnder(situation, kind, name) !== undefined) continue
    const { version, sent, uncertain } = subscription.held(name)
    if (version === undefined && sent === undefined && !uncertain) {
      if (!subscription.owed) subscription.dirty.delete(name)
    } else if (kind !== 'cluster' || mayLeave(name, subscriptions, snapshot.resources.routes)) gone.push(name)
  }
  return gone.sort()
}

/** What is missing of what was asked for, where an answer is owed; undefined: something is on its way once what it needs is there. */
export function missingFor(kind: ResourceKind, situation: Situation): readonly string[] | undefined {
  const subscription = situation.subscriptions[kind]
  const missing: string[] = []
  for (const name of subscription.dirty) {
    if (kind !== 'cluster' && dueUnder(situation, kind, name) !== undefined) return undefined
    if (!subscription.has(name)) missing.push(name)
  }
  return missing.sort()
}

function byName(a: Resource, b: Resource): number {
  return a.name < b.name ? -1 : 1
}
