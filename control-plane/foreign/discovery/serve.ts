import { pause } from '#shared/lifecycle/repeat.ts'
import type { FleetChange, FleetView } from '../../fleet/fleet.ts'
import type { DiscoveryConfig } from './config.ts'
import { EntryTexts } from './entry-texts.ts'
import { LeadLists } from './lead-lists.ts'
import { type Form, type Rendering, render } from './render.ts'
import type { Narrowing } from './views.ts'

/** An answer, and the revision at which it last became another one. */
export type Answer = Rendering & { readonly index: number }

export type Discovery = Disposable & {
  /** How long clients may keep an answer, in milliseconds. */
  readonly lifetimeMs: number
  /** How many wait now. */
  readonly watchers: () => number
  /** For how many there was no room since the start. */
  readonly refused: () => number
  readonly now: (form: Form, narrowing: Narrowing) => Promise<Answer>
  /**
   * Resolves when the answer is another one than that with `index`, or with the same after `waitMs`, or when `gone` is signalled;
   * with 'busy' where too many wait already, or nobody may any more.
   */
  readonly next: (
    narrowing: Narrowing,
    since: { readonly index: number; readonly waitMs: number },
    gone: AbortSignal,
  ) => Promise<Answer | 'busy'>
}

/** Questions whose answers are kept, and bytes of all their answers. */
const mostKept = 200
const mostBytes = 32 * 1024 * 1024
/** News that come within this time are answered together. */
const gatherMs = 20
/** Of the time, this share at most is spent on making one answer again and again. */
const renderingShare = 1 / 10

type Kept = {
  readonly key: string
  readonly form: Form
  readonly narrowing: Narrowing
  answer: Answer | undefined
  /** The fleet may have changed what it answers. */
  stale: boolean
  making: Promise<Answer> | undefined
  tookMs: number
  madeAt: number
  readonly waiting: Set<() => void>
  /** Callers that watch it. */
  users: number
}

/** Answers what is where, of everything that the fleet and the Consuls know. Answers are made when asked for and kept until they change. */
export function serveDiscovery(fleet: FleetView, { lifetime, most_watchers }: DiscoveryConfig): Discovery {
  const kept = new Map<string, Kept>()
  const made = { entries: new EntryTexts(fleet), lists: new LeadLists(fleet) }
  let bytes = 0
  const closing = new AbortController()
  let watchers = 0
  let refused = 0

  const keep = (form: Form, narrowing: Narrowing): Kept => {
    const { service, cluster, tag, health } = narrowing
    const key = JSON.stringify([form, service, cluster, tag, health])
    const known = kept.get(key)
    kept.delete(key)
    const each = known ?? newlyKept(key, form, narrowing)
    // The last one asked for is the last one to go.
    kept.set(key, each)
    for (const [oldest, { users, answer }] of kept) {
      if (kept.size <= mostKept && bytes <= mostBytes) break
      if (users > 0 || oldest === key) continue
      kept.delete(oldest)
      bytes -= answer?.body.length ?? 0
    }
    return each
  }

  const answerOf = (each: Kept): Promise<Answer> => {
    if (each.answer && !each.stale) return Promise.resolve(each.answer)
    if (each.making) return each.making
    const before = each.answer?.body.length ?? 0
    each.making = make(each, fleet, made).finally(() => {
      each.making = undefined
      // What has been given up meanwhile counts no more.
      if (kept.get(each.key) === each) bytes += (each.answer?.body.length ?? 0) - before
    })
    return each.making
  }

  const stop = fleet.watch((change) => {
    made.entries.changed(change.instances, made.lists.changed(change))
    for (const each of kept.values()) {
      if (each.stale || !mayConcern(each.narrowing, change, fleet)) continue
      each.stale = true
      for (const wake of each.waiting) wake()
    }
  })

  return {
    lifetimeMs: lifetime,
    watchers: () => watchers,
    refused: () => refused,
    now: (form, narrowing) => answerOf(keep(form, narrowing)),
    next: async (narrowing, { index, waitMs }, gone) => {
      if (watchers >= most_watchers || closing.signal.aborted) {
        refused += 1
        return 'busy'
      }
      watchers += 1
      const each = keep('discovery', narrowing)
      each.users += 1
      const until = performance.now() + waitMs
      const signal = AbortSignal.any([gone, closing.signal])
      try {
        for (;;) {
          const answer = await answerOf(each)
          const leftMs = until - performance.now()
          if (answer.index !== index || leftMs <= 0 || signal.aborted) return answer
          if (!each.stale) await woken(each, leftMs, signal)
          if (each.stale && !signal.aborted) await pause(restMs(each, leftMs), signal)
        }
      } finally {
        watchers -= 1
        each.users -= 1
      }
    },
    [Symbol.dispose]() {
      stop()
      closing.abort()
    },
  }
}

function newlyKept(key: string, form: Form, narrowing: Narrowing): Kept {
  return {
    key,
    form,
    narrowing,
    answer: undefined,
    stale: true,
    making: undefined,
    tookMs: 0,
    madeAt: 0,
    waiting: new Set(),
    users: 0,
  }
}

type Made = { readonly entries: EntryTexts; readonly lists: LeadLists }

async function make(each: Kept, fleet: FleetView, made: Made): Promise<Answer> {
  const startedAt = performance.now()
  // What changes while it is made makes it stale again.
  each.stale = false
  const before = each.answer
  try {
    const rendering = await render(each.form, each.narrowing, made)
    // A removal is published before it has a revision.
    const index = Math.max(fleet.revision, before === undefined ? 0 : before.index + 1)
    each.answer = before?.etag === rendering.etag ? before : { ...rendering, index }
  } catch (error) {
    each.stale = true
    throw error
  }
  each.madeAt = performance.now()
  each.tookMs = each.madeAt - startedAt
  return each.answer
}

/** Whether an answer may be another one after a change. A foreign record may be another name for an instance of any service. */
function mayConcern(
  { service }: Narrowing,
  { services, instances, foreign }: FleetChange,
  fleet: Pick<FleetView, 'foreignOfService'>,
): boolean {
  if (foreign.size > 0) return true
  if (service === undefined) return instances.size > 0
  return services.has(service) || (instances.size > 0 && fleet.foreignOfService(service).size > 0)
}

/** How long to wait for company, and for the machine to do something else than to make this answer. */
function restMs({ tookMs, madeAt }: Kept, leftMs: number): number {
  const rested = performance.now() - madeAt
  return Math.max(0, Math.min(leftMs, Math.max(gatherMs, tookMs / renderingShare - rested)))
}

/** Resolves when the answer may be another one, after a time, or when the signal says so. */
function woken({ waiting }: Kept, withinMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      waiting.delete(done)
      resolve()
    }
    const timer = setTimeout(done, withinMs)
    signal.addEventListener('abort', done, { once: true })
    waiting.add(done)
    if (signal.aborted) done()
  })
}
