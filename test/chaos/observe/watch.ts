import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import { Worker } from 'node:worker_threads'
import { repeat } from '#shared/lifecycle/repeat.ts'
import type { FingerprintView } from '#shared/protocol/status-api.ts'
import type { Recorder } from '../record.ts'
import { ports } from '../world/plan.ts'
import type { World } from '../world/world.ts'
import { readFence, readForeign } from './foreign.ts'
import { readFingerprint, readLagMs } from './planes.ts'
import { readConsul, readEnvoy, readNginx, type ShownBy } from './sinks.ts'

export type Watching = {
  readonly world: World
  readonly recorder: Recorder
  /** By address and port. */
  readonly instances: ReadonlyMap<string, string>
  /** Of the members. */
  readonly services: readonly string[]
}

/** Looks at everything again and again until `stop`, and records what is not as it was. What does not answer is silent. */
export async function watch({ world, recorder, instances, services }: Watching, stop: AbortSignal): Promise<void> {
  const { plan } = world
  const last = new Map<string, unknown>()
  const isNews = (key: string, value: unknown) => {
    if (isDeepStrictEqual(last.get(key), value)) return false
    last.set(key, value)
    return true
  }
  const every = (everyMs: number, look: () => Promise<void>) =>
    repeat(look, { everyMs, afterFailureMs: () => everyMs }, () => {}, stop)
  const sink = (name: string, look: () => Promise<ShownBy>) =>
    every(400, async () => {
      const at = recorder.now()
      const shown = await look()
      if (isNews(name, shown)) recorder.add({ kind: 'sink', sink: name, shown }, at)
    })
  const consuls = plan.consuls.flatMap(({ unit, datacenter }) => [
    sink(`consul:${datacenter}`, () => readConsul(world, unit, services)),
    every(1_000, async () => {
      const text = await readForeign(world, unit)
      if (isNews(`foreign ${datacenter}`, text)) recorder.add({ kind: 'foreign', datacenter, text })
      const fence = await readFence(world, unit)
      if (fence && isNews(`fence ${datacenter}`, fence)) recorder.add({ kind: 'fence', datacenter, ...fence })
    }),
  ])
  const tell = (plane: string, { revision, hash }: FingerprintView) => {
    if (isNews(`fleet ${plane}`, [revision, hash])) recorder.add({ kind: 'fleet', plane, revision, hash })
  }
  const planes = plan.planes.map((plane) => every(500, async () => tell(plane, await readFingerprint(world, plane))))
  // While clients change something two planes are seldom asked at the same revision: they are asked for one that is still to come.
  const together = every(1_000, async () => {
    const now = await Promise.any(plan.planes.map((plane) => readFingerprint(world, plane)))
    const look = async (plane: string) => tell(plane, await readFingerprint(world, plane, now.revision + 2))
    await Promise.allSettled(plan.planes.map(look))
  })
  await Promise.all([
    ...consuls,
    sink('envoy:edge', () => readEnvoy(world, instances)),
    sink('nginx:edge-nginx', () => readNginx(world)),
    ...planes,
    together,
    watchLag(world, recorder, every),
  ])
}

async function watchLag(
  world: World,
  recorder: Recorder,
  every: (everyMs: number, look: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const idle = new Worker(new URL('./idle-worker.ts', import.meta.url))
  // The first figure of a plane is of its start.
  const begun = new Set<string>()
  await every(5_000, async () => {
    idle.postMessage('how late')
    const [machineMs]: readonly number[] = await once(idle, 'message')
    for (const plane of world.plan.planes) {
      const url = world.view(plane, ports.api)
      const p99Ms = await readLagMs(url, 'heddle_loop_lag_p99_seconds').catch(() => undefined)
      if (p99Ms === undefined || machineMs === undefined) continue
      if (begun.has(plane)) {
        recorder.add({ kind: 'lag', unit: plane, p99Ms: round(p99Ms), machineMs: round(machineMs) })
      }
      begun.add(plane)
    }
  })
  await idle.terminate()
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
