import { isDeepStrictEqual } from 'node:util'
import type { Health } from '#shared/protocol/check.ts'
import type { Metric } from '#shared/protocol/messages.ts'
import { type Cause, Drops } from './drops.ts'
import type { PagePlan } from './page-plan.ts'
import { type PageSeen, watchPage } from './watch-page.ts'

type Watched = {
  readonly plan: PagePlan
  readonly stop: AbortController
  readonly ended: Promise<void>
  seen: PageSeen | undefined
  /** What was read and not yet taken. */
  fresh: readonly Metric[]
}

export type PageState = { readonly plan: PagePlan; readonly seen: PageSeen | undefined }

/** What the agent says of the pages that it reads. */
export type PagesState = {
  readonly pages: readonly PageState[]
  /** Numbers that were not told, by cause. */
  readonly dropped: Readonly<Record<Cause, number>>
}

/** Values of one node that go with one report; the rest of a report is for the host and its processes. */
export const mostPerNode = 1_000

/**
 * Reads the metrics pages of this node's services, each on its own time: one that hangs delays no other. What was read waits until it
 * is taken, of each page its newest reading. It hears how instances are, and has no way to say so.
 */
export class Pages implements AsyncDisposable {
  readonly #healthOf: (instance: string) => Health
  readonly #watched = new Map<string, Watched>()
  readonly #drops = new Drops()

  constructor(healthOf: (instance: string) => Health) {
    this.#healthOf = healthOf
  }

  /** Makes `plans` what is read. Pages that are as before go on undisturbed. */
  apply(plans: readonly PagePlan[]): void {
    const wanted = new Set(plans.map(({ instance }) => instance))
    for (const [instance, { stop }] of this.#watched) {
      if (wanted.has(instance)) continue
      stop.abort()
      this.#watched.delete(instance)
    }
    for (const plan of plans) {
      const known = this.#watched.get(plan.instance)
      if (known && isDeepStrictEqual(known.plan, plan)) continue
      // What it was asking for is given up at once, so nothing is asked for twice at a time.
      known?.stop.abort()
      this.#watched.set(plan.instance, this.#watch(plan))
    }
  }

  /** What has been read since it was last taken: a bounded number, chosen by the instances' ids. */
  take(): readonly Metric[] {
    const taken: Metric[] = []
    for (const watched of this.#sorted()) {
      const room = mostPerNode - taken.length
      this.#drops.add('node_full', Math.max(0, watched.fresh.length - room))
      taken.push(...watched.fresh.slice(0, room))
      watched.fresh = []
    }
    return taken
  }

  get state(): PagesState {
    return { pages: this.#sorted().map(({ plan, seen }) => ({ plan, seen })), dropped: this.#drops.counts }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watched = [...this.#watched.values()]
    this.#watched.clear()
    for (const { stop } of watched) stop.abort()
    await Promise.all(watched.map(({ ended }) => ended))
  }

  #watch(plan: PagePlan): Watched {
    const stop = new AbortController()
    const onSeen = (seen: PageSeen) => {
      watched.seen = seen
      if (seen.attempt.kind === 'read') watched.fresh = seen.metrics
    }
    const watching = { healthOf: this.#healthOf, drops: this.#drops, onSeen }
    const ended = watchPage(plan, watching, stop.signal)
    const watched: Watched = { plan, stop, ended, seen: undefined, fresh: [] }
    return watched
  }

  #sorted(): readonly Watched[] {
    return [...this.#watched.values()].sort((a, b) => (a.plan.instance < b.plan.instance ? -1 : 1))
  }
}
