import { Worker } from 'node:worker_threads'
import type { Scenario } from './scenario.ts'

export type Asked = {
  readonly first: number
  readonly last: number
  readonly trace?: boolean
  readonly shrink?: boolean
  /** A rule of the product that is broken first. */
  readonly plant?: string
}

/** As `Played`, but its error as text: it comes from another thread. */
export type PlayedSeed = {
  readonly scenario: Scenario
  readonly broken: string | undefined
  readonly at: number
  readonly steps: number
  readonly revision: number
}

export type Told =
  | { readonly kind: 'played'; readonly played: PlayedSeed }
  /** A line of a trace. */
  | { readonly kind: 'line'; readonly text: string }

/** Plays seeds in threads of their own, where time is virtual; tells of each as it ends. Leaving the loop ends the threads. */
export async function* playSeeds(asked: Asked, threads: number): AsyncGenerator<Told> {
  const told: Told[] = []
  let wake = Promise.withResolvers<void>()
  let open = 0
  let failure: unknown
  const workers = Array.from({ length: threads }, (_, place) => {
    open += 1
    const worker = new Worker(new URL('./play-thread.ts', import.meta.url), {
      workerData: { ...asked, place, threads },
    })
    worker.on('message', (message: Told) => {
      told.push(message)
      wake.resolve()
    })
    worker.on('error', (error) => {
      failure = error
      wake.resolve()
    })
    worker.on('exit', () => {
      open -= 1
      wake.resolve()
    })
    return worker
  })
  try {
    for (;;) {
      for (let next = told.shift(); next; next = told.shift()) yield next
      if (failure !== undefined) throw failure
      if (open === 0) return
      await wake.promise
      wake = Promise.withResolvers()
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** What broke, and how to see it again. */
export function describePlayed({ scenario, broken, at }: PlayedSeed): string {
  return [
    `seed ${scenario.seed}, after ${(at / 1000).toFixed(1)} s: ${broken}`,
    `  node test/simulation/run.ts --seed ${scenario.seed} --trace`,
  ].join('\n')
}
