/** A process that the master of Nginx started. */
export type Worker = {
  readonly pid: number
  /** When it started, in clock ticks since boot: with the pid it names a process for good. */
  readonly startedAt: number
  /** serving: takes new connections · draining: finishes what it has · starting: not yet known · other: a cache process */
  readonly state: 'serving' | 'draining' | 'starting' | 'other'
}

/** What a process is, by the title that nginx gives it. */
export function workerState(title: string): Worker['state'] {
  if (title.startsWith('nginx: worker process is shutting down')) return 'draining'
  if (title.startsWith('nginx: worker process')) return 'serving'
  if (title.startsWith('nginx: cache ')) return 'other'
  return title === '' ? 'draining' : 'starting'
}

export function isSame(one: Worker, other: Worker): boolean {
  return one.pid === other.pid && one.startedAt === other.startedAt
}

// Workers of one generation are forked within milliseconds; two reloads are at least 100 ms apart, the master sees to it.
const apartTicks = 5

/** Draining workers by the generation that they belong to, the oldest first. */
export function drainingGenerations(workers: readonly Worker[]): readonly (readonly Worker[])[] {
  const generations: Worker[][] = []
  let last: number | undefined
  const draining = workers.filter(({ state }) => state === 'draining')
  for (const worker of draining.toSorted((a, b) => a.startedAt - b.startedAt)) {
    if (last === undefined || worker.startedAt - last > apartTicks) generations.push([])
    generations.at(-1)?.push(worker)
    last = worker.startedAt
  }
  return generations
}

export type Turnover = {
  /** Every new worker that there is takes connections. */
  readonly newReady: boolean
  /** Workers of the old generation that still take connections. */
  readonly oldServing: readonly Worker[]
}

/** How far a reload has come. `before`: the workers just before it; `now`: those there are now. */
export function turnover(before: readonly Worker[], now: readonly Worker[]): Turnover {
  const isOld = (worker: Worker) => before.some((other) => isSame(worker, other))
  const fresh = now.filter((worker) => worker.state !== 'other' && !isOld(worker))
  const serving = fresh.filter(({ state }) => state === 'serving')
  return {
    newReady: serving.length > 0 && fresh.every(({ state }) => state !== 'starting'),
    oldServing: now.filter((worker) => worker.state === 'serving' && isOld(worker)),
  }
}
