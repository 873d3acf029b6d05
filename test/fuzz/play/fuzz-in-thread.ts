import { Worker } from 'node:worker_threads'
import type { Fuzzed } from './fuzz.ts'
import type { Plant } from './planted.ts'

export type Wanted = {
  readonly targets: readonly string[]
  /** For each target. */
  readonly inputs: readonly number[]
  readonly seed: number
  /** Only the one input that it names. */
  readonly path?: string
  /** What is broken first. */
  readonly broken?: Plant
}

/** What a thread is given: where it writes the place of its target, the seed of its batch, the input's number in that, and how many there were. */
export type ThreadData = Wanted & { readonly progress: SharedArrayBuffer }

export type Told = Fuzzed & { readonly target: string; readonly ms: number }

/** One input that takes so long never ends. */
const mostIdleMs = 60_000
const mostHeapMiB = 768

/**
 * Runs targets one after the other in a thread of their own, and tells of each as it ends. An input that never ends, or takes all memory, ends
 * the thread: it is told like any other fault, and nothing comes after it.
 */
export async function* fuzzInThread(wanted: Wanted): AsyncGenerator<Told> {
  const progress = new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT)
  const seen = new Int32Array(progress)
  const told: Told[] = []
  let wake = Promise.withResolvers<void>()
  let ended: string | undefined
  let count = 0
  let since = performance.now()
  const worker = new Worker(new URL('./fuzz-thread.ts', import.meta.url), {
    workerData: { ...wanted, progress } satisfies ThreadData,
    resourceLimits: { maxOldGenerationSizeMb: mostHeapMiB },
  })
  const end = (why: string) => {
    ended ??= why
    wake.resolve()
  }
  worker.on('message', (message: Told) => {
    told.push(message)
    wake.resolve()
  })
  worker.on('error', (error: Error) => end(error.stack ?? error.message))
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  void exited.then(() => end(''))
  const watch = setInterval(() => {
    const now = performance.now()
    if (seen[3] !== count) {
      count = seen[3] ?? 0
      since = now
    } else if (now - since > mostIdleMs) end(`one input has not ended after ${mostIdleMs / 1000} s`)
  }, 1_000)
  try {
    for (;;) {
      for (let next = told.shift(); next; next = told.shift()) yield next
      if (ended === '') return
      if (ended !== undefined) {
        yield brokenOff(wanted, seen, ended)
        return
      }
      await wake.promise
      wake = Promise.withResolvers()
    }
  } finally {
    clearInterval(watch)
    await worker.terminate()
    await exited
  }
}

function brokenOff({ targets }: Wanted, [place = 0, seed = 0, input = 0]: Int32Array, problem: string): Told {
  const which = input === 0 ? 'none' : `number ${input} of its batch`
  const found = { seed, path: `${Math.max(0, input - 1)}`, input: which, problem }
  return { target: targets[place] ?? '', ms: 0, counts: { taken: 0, refused: 0 }, grewBytes: 0, found }
}
