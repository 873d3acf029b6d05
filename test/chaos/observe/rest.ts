import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { PlaneAtRest, Rest } from '../history.ts'
import type { World } from '../world/world.ts'
import { isProven, type PlaneSeen, readPlane } from './planes.ts'
import { readConsul, readEnvoy, readNginx, type ShownBy } from './sinks.ts'

export type Resting = {
  readonly world: World
  readonly round: number
  readonly instances: ReadonlyMap<string, string>
  /** All whose instances are looked at in Consul. */
  readonly services: readonly string[]
  /** So long it may take. */
  readonly withinMs: number
  /** For so long nothing may be written once all agree. */
  readonly idleMs: number
}

/** Waits until the planes agree and say that all sinks do, then looks at everything, and once more a while later. */
export async function comeToRest(resting: Resting): Promise<Rest> {
  const { world, round, withinMs, idleMs } = resting
  const began = performance.now()
  let planes: Readonly<Record<string, PlaneSeen>> = {}
  let steadySince: number | undefined
  let revision: number | undefined
  let settled = false
  while (!settled && performance.now() - began < withinMs) {
    planes = await readPlanes(world)
    const seen = Object.values(planes)
    const isCalm = isProven(seen) && seen[0]?.revision === revision
    const members = [...resting.instances.values()]
    const mayDiffer = seen.some(({ instances }) => members.some((id) => instances[id]?.health !== 'passing'))
    revision = seen[0]?.revision
    steadySince = isCalm && !mayDiffer ? (steadySince ?? performance.now()) : undefined
    // What was healed last is heard of within seconds.
    settled = steadySince !== undefined && performance.now() - steadySince > 3_000
    if (!settled) await pause(250)
  }
  const tookMs = Math.round(performance.now() - began)
  const before = await readSinks(resting)
  await pause(idleMs)
  const after = await readSinks(resting)
  planes = await readPlanes(world)
  return { round, settled, tookMs, planes: told(planes), sinks: after, writes: writesBetween(before, after) }
}

async function readPlanes(world: World): Promise<Readonly<Record<string, PlaneSeen>>> {
  const seen = await Promise.all(
    world.plan.planes.map(async (plane) => {
      const found = await readPlane(world, plane).catch(() => undefined)
      return found ? [[plane, found] as const] : []
    }),
  )
  return Object.fromEntries(seen.flat())
}

function told(planes: Readonly<Record<string, PlaneSeen>>): Readonly<Record<string, PlaneAtRest>> {
  return Object.fromEntries(
    Object.entries(planes).map(([plane, { revision, instances, proven }]) => [plane, { revision, instances, proven }]),
  )
}

async function readSinks({ world, instances, services }: Resting): Promise<Readonly<Record<string, ShownBy>>> {
  const consuls = world.plan.consuls.map(
    async ({ unit, datacenter }) => [`consul:${datacenter}`, await readConsul(world, unit, services)] as const,
  )
  const envoy = async () => ['envoy:edge', await readEnvoy(world, instances)] as const
  const nginx = async () => ['nginx:edge-nginx', await readNginx(world)] as const
  const read = await Promise.allSettled([...consuls, envoy(), nginx()])
  return Object.fromEntries(read.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])))
}

function writesBetween(
  before: Readonly<Record<string, ShownBy>>,
  after: Readonly<Record<string, ShownBy>>,
): readonly string[] {
  return Object.entries(after).flatMap(([sink, shown]) =>
    Object.entries(shown).flatMap(([instance, now]) => {
      const was = before[sink]?.[instance]
      if (isDeepStrictEqual(was, now)) return []
      return [`${sink} ${instance}: ${was ? was.mark : 'not there'} became ${now.mark}`]
    }),
  )
}
