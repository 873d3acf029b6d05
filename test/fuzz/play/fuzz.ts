import { memoryUsage } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Found, OpenTarget, Outcome } from './target.ts'

export type Asked = {
  readonly seed: number
  readonly inputs: number
  /** Only the one input that it names. */
  readonly path?: string
}

export type Fuzzed = {
  readonly counts: Readonly<Record<Outcome, number>>
  /** By how many bytes the memory in use grew, from when a part of the inputs had been run. */
  readonly grewBytes: number
  readonly found: Found | undefined
}

/** How far it is, for who watches it: a shared number each. */
export type Progress = { readonly batch: (seed: number) => void; readonly input: () => void }

const batchInputs = 500

/** Runs inputs on a target until one breaks a promise, or all have been. */
export async function fuzz(target: OpenTarget, { seed, inputs, path }: Asked, progress: Progress): Promise<Fuzzed> {
  let before: number | undefined
  let last = seed
  let found: Found | undefined
  for (let done = 0; done < inputs && !found; done += batchInputs) {
    last = seed + done / batchInputs
    progress.batch(last)
    const some = Math.min(batchInputs, inputs - done)
    const one = path === undefined ? {} : { path }
    found = await target.batch({ seed: last, inputs: some, ...one }, progress.input)
    found ??= await promiseKept(() => target.check(), last)
    // Only then what is loaded late, kept by design or made by the machine has settled.
    if (done + batchInputs >= inputs / 4) before ??= inUse()
  }
  const grewBytes = inUse() - (before ?? inUse())
  found ??= await promiseKept(() => {
    const mib = Math.round(grewBytes / 1024 ** 2)
    if (mib > target.mostGrowthMiB) throw new Error(`the memory in use grew by ${mib} MiB over ${inputs} inputs`)
  }, last)
  return { counts: target.counts, grewBytes, found }
}

async function promiseKept(look: () => void | Promise<void>, seed: number): Promise<Found | undefined> {
  try {
    await look()
    return undefined
  } catch (error) {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { seed, path: '', input: 'all of them together', problem }
  }
}

function inUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, external } = memoryUsage()
  return heapUsed + external
}
