import { createHash } from 'node:crypto'
import { explainError } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Health } from '#shared/protocol/check.ts'
import type { Metric } from '#shared/protocol/messages.ts'
import type { Drops } from './drops.ts'
import { fetchPage } from './fetch-page.ts'
import { keepBy } from './keep.ts'
import { type Attempt, after, attemptOf, noHistory, waitMs } from './outlook.ts'
import { PageMeter } from './page-meter.ts'
import type { PagePlan } from './page-plan.ts'
import { type Dialect, readPage } from './read-page.ts'
import { PageTally } from './tally.ts'

/** What one attempt to read a page came to. */
export type PageSeen = {
  readonly attempt: Attempt
  readonly dialect: Dialect | undefined
  readonly metrics: readonly Metric[]
  readonly tookMs: number
  /** When it was asked for again at the earliest, by the monotonic clock in milliseconds. */
  readonly nextAt: number
}

export type Watching = {
  /** What the checks say of the instance: they are heard here, and never told anything. */
  readonly healthOf: (instance: string) => Health
  readonly drops: Drops
  readonly onSeen: (seen: PageSeen) => void
}

const againMs = 500

/** Reads a page until `stop`, one attempt at a time, and only while its instance answers its checks. Never rejects. */
export async function watchPage(plan: PagePlan, watching: Watching, stop: AbortSignal): Promise<void> {
  const { healthOf, drops, onSeen } = watching
  const meter = new PageMeter(plan.instance, drops)
  let history = noHistory
  // Not all pages of a node at once.
  let wait = spread(plan.instance, Math.min(plan.everyMs, 1_000))
  for (;;) {
    await pause(wait, stop)
    if (stop.aborted) return
    const health = healthOf(plan.instance)
    wait = againMs
    if (health !== 'passing' && health !== 'warning') continue
    const startedAt = performance.now()
    // A fault of ours with one page must not end the agent.
    const { attempt, dialect, metrics } = await readOnce(plan, meter, drops, stop).catch(faulty)
    if (stop.aborted) return
    history = after(history, attempt)
    const now = performance.now()
    wait = Math.max(0, waitMs(plan, history) - (now - startedAt))
    onSeen({ attempt, dialect, metrics, tookMs: now - startedAt, nextAt: now + wait })
  }
}

type Once = Pick<PageSeen, 'attempt' | 'dialect' | 'metrics'>

function faulty(error: unknown): Once {
  return { attempt: { kind: 'failed', why: explainError(error) }, dialect: undefined, metrics: [] }
}

async function readOnce(plan: PagePlan, meter: PageMeter, drops: Drops, stop: AbortSignal): Promise<Once> {
  const fetched = await fetchPage(plan, stop)
  const nothing = { dialect: undefined, metrics: [] }
  if (fetched.kind === 'failed') return { ...nothing, attempt: { kind: 'failed', why: fetched.why } }
  const { status, body, truncated } = fetched
  const readAt = performance.now()
  if (status !== 200) return { ...nothing, attempt: attemptOf(status, 0) }
  const tally = new PageTally(keepBy(plan.keep), drops)
  const { dialect, samples, unreadable, cut } = await readPage(body, truncated, (sample) => tally.take(sample))
  const attempt = attemptOf(status, samples)
  if (attempt.kind !== 'read') return { ...nothing, attempt }
  drops.add('unreadable', unreadable)
  if (cut) drops.add('page_too_long')
  return { attempt, dialect, metrics: meter.measure(tally, readAt) }
}

/** A share of `ms` that is the same for the same instance each time. */
function spread(instance: string, ms: number): number {
  return (createHash('sha256').update(instance).digest().readUInt16BE() / 65_536) * ms
}
