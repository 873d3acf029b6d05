import type { InstanceSpec } from '#shared/protocol/check.ts'
import type { Report } from '#shared/protocol/messages.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import { isOf } from './judgement.ts'
import type { Presence } from './presence.ts'
import type { Reconciler } from './reconcile.ts'
import type { WithinScope } from './within-scope.ts'
import { wordsOf } from './words.ts'

export type Taken =
  /** `news`: it was not read before, so its metrics count. */
  | { readonly kind: 'taken'; readonly onDisk: Promise<unknown>; readonly news: boolean }
  | { readonly kind: 'bad'; readonly code: string; readonly problem: string }

export type ReportParts = { readonly fleet: FleetView; readonly reconciler: Reconciler; readonly presence: Presence }

/** Hands what a report says to the reconciler. One that was read before changes nothing, but waits for what it said. */
export function takeReport(
  { node, session }: { readonly node: string; readonly session?: string },
  report: Report,
  { fleet, reconciler, presence }: ReportParts,
  scope?: WithinScope,
): Taken {
  const pending = reconciler.pending(node)
  const own = function* (): Iterable<string> {
    yield* pending.keys()
    for (const id of fleet.instancesOfNode(node)) if (isOwn(id)) yield id
  }
  const isOwn = (id: string): boolean => {
    const known = fleet.instances.get(id)
    return known !== undefined && isOf(node, known)
  }
  const specOf = (id: string): InstanceSpec | undefined => {
    const word = pending.get(id)?.word
    if (word) return word.kind === 'present' ? word.spec : undefined
    return (isOwn(id) ? fleet.instances.get(id)?.spec : undefined) ?? scope?.specOf(id)
  }
  const read = wordsOf(report, specOf, own)
  if (read.kind === 'bad') return read
  const news = presence.isNews(node, report.sequence)
  // A whole report opens a session and says how things are now, whatever was read before.
  if (!news && !report.whole) {
    return { kind: 'taken', onDisk: Promise.all([...pending.values()].map(({ done }) => done)), news }
  }
  const words = scope?.words(read.words, new Set(own())) ?? read.words
  return {
    kind: 'taken',
    onDisk: allOf([...words].map(([id, word]) => reconciler.hear(node, id, word, session))),
    news,
  }
}

/** A report mostly has one instance: then there is nothing to wait for together. */
function allOf(waiting: readonly Promise<void>[]): Promise<unknown> {
  const [first] = waiting
  return waiting.length === 1 && first ? first : Promise.all(waiting)
}
