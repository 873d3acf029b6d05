import { pause } from '#shared/lifecycle/repeat.ts'
import type { Quarantined } from '#shared/protocol/gateway.ts'
import { changesBetween, type FileSet } from '../file-set.ts'
import { sizeOf } from '../log-file.ts'
import { type Expected, expectedOf, newlyRejected, type Seen, unproven } from './expected.ts'
import { findGuilty } from './find-guilty.ts'
import type { EnvoyParts } from './parts.ts'
import { readRejection, unsaid } from './read-complaint.ts'
import { readSeen } from './read-seen.ts'
import { stepsBetween } from './steps.ts'

export type ServedFiles = {
  /** What the folder holds now. */
  readonly present: FileSet
  readonly state: 'proven' | 'rejected' | 'unproven' | 'away'
  /** rejected: the resources that Envoy did not take; undefined: it does not show which. */
  readonly guilty?: readonly Quarantined[] | undefined
  /** rejected, unproven: what it says, or what is missing. */
  readonly error: string
}

const firstLookMs = 4
const laterLookMs = 50
const quickForMs = 500

/**
 * Puts files into place step by step, each proven by Envoy's own admin page before the next. Where no Envoy answers (`away`) they are
 * placed all the same: it finds them when it starts.
 */
export async function serveFiles(
  parts: EnvoyParts,
  present: FileSet,
  wanted: FileSet,
  stop: AbortSignal,
): Promise<ServedFiles> {
  const { settings, folder } = parts
  const { names, admin, errorLog } = settings
  let before = present
  let away = false
  // Where nothing is to be written there is still something to be proven, by an Envoy that was started a moment ago.
  const steps = stepsBetween(present, wanted, names)
  for (const files of steps.length > 0 ? steps : [wanted]) {
    const writes = changesBetween(before, files)
    const writing = writes.write.size + writes.remove.length > 0
    const seen: Seen | undefined = away || !writing ? undefined : await readSeenPatiently(parts, stop)
    const logged = writing ? await sizeOf(errorLog) : 0
    await (await folder.prepare(before, files)).commit()
    stop.throwIfAborted()
    away ||= writing && seen === undefined
    if (!away) {
      // On the way only what the step changes is looked at; at its end, everything.
      const only = files === steps.at(-1) || !writing ? undefined : writes.write
      const proof = await prove(parts, expectedOf(files, names, only), seen, stop)
      if (proof.state === 'rejected') {
        const complaint = await readRejection(errorLog, logged)
        const about = { before: writing ? before : new Map<string, string>(), files, names }
        const guilty = await findGuilty(admin, proof.rejected, about, complaint)
        // What it did not take must not lie there for the next one that starts.
        await (await folder.prepare(files, before)).commit()
        const error = complaint ?? unsaid
        return { present: before, state: 'rejected', guilty, error }
      }
      if (proof.state === 'unproven') return { present: files, state: 'unproven', error: proof.missing }
      away = proof.state === 'away'
    }
    before = files
  }
  return { present: wanted, state: away ? 'away' : 'proven', error: '' }
}

/** What Envoy shows; of one that the agent has just started, as soon as it does. Undefined: none answers. */
async function readSeenPatiently({ settings, isRunning }: EnvoyParts, stop: AbortSignal): Promise<Seen | undefined> {
  const until = performance.now() + settings.proofTimeoutMs
  for (;;) {
    const seen = await readSeen(settings.admin).catch(() => undefined)
    if (seen || performance.now() > until || !(await isRunning())) return seen
    await pause(laterLookMs, stop)
    stop.throwIfAborted()
  }
}

type Proof =
  | { readonly state: 'proven' | 'away' }
  | { readonly state: 'rejected'; readonly rejected: readonly string[] }
  | { readonly state: 'unproven'; readonly missing: string }

/** Waits until Envoy shows what is expected, or rejects something. */
async function prove(
  { settings, isRunning }: EnvoyParts,
  expected: Expected,
  before: Seen | undefined,
  stop: AbortSignal,
): Promise<Proof> {
  const startedAt = performance.now()
  for (;;) {
    const seen = await readSeen(settings.admin).catch(() => undefined)
    const missing = seen ? unproven(expected, seen) : ['its admin page']
    if (missing.length === 0) return { state: 'proven' }
    const rejected = seen ? newlyRejected(before, seen) : []
    if (rejected.length > 0) return { state: 'rejected', rejected }
    if (!seen && !(await isRunning())) return { state: 'away' }
    const elapsed = performance.now() - startedAt
    if (elapsed > settings.proofTimeoutMs) {
      const error = `Envoy does not show within ${settings.proofTimeoutMs} ms: ${missing.join(', ')}`
      return { state: 'unproven', missing: error }
    }
    await pause(elapsed < quickForMs ? firstLookMs : laterLookMs, stop)
    stop.throwIfAborted()
  }
}
