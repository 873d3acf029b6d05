import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './fuzz.ts'
import type { ThreadData, Told } from './fuzz-in-thread.ts'
import { plant, plantText, plantVariable } from './planted.ts'

const { targets, seed, inputs, path, broken, progress } = workerData as ThreadData
if (broken !== undefined) {
  plant(broken)
  // Planes that are started from here have it broken, too.
  process.env[plantVariable] = plantText(broken)
}
const { loadTarget } = await import('../targets.ts')
const shared = new Int32Array(progress)

for (const [place, name] of targets.entries()) {
  shared[0] = place
  shared[2] = 0
  // Its world is being made.
  Atomics.add(shared, 3, 1)
  const target = await loadTarget(name)
  await using open = await target.open()
  const began = performance.now()
  const asked = { seed, inputs: inputs[place] ?? 1, ...(path === undefined ? {} : { path }) }
  const fuzzed = await fuzz(open, asked, {
    batch: (batch) => {
      shared[1] = batch
      shared[2] = 0
    },
    input: () => {
      shared[2] = (shared[2] ?? 0) + 1
      shared[3] = (shared[3] ?? 0) + 1
    },
  })
  parentPort?.postMessage({ target: name, ms: performance.now() - began, ...fuzzed } satisfies Told)
}
