import * as z from 'zod/mini'
import { InstanceView } from '#shared/protocol/api.ts'
import { FingerprintView, StatusView } from '#shared/protocol/status-api.ts'
import type { Believed, PlaneAtRest } from '../history.ts'
import { ports } from '../world/plan.ts'
import type { World } from '../world/world.ts'

export type PlaneSeen = PlaneAtRest & {
  readonly addresses: ReadonlyMap<string, string>
}

/** What a plane tells, all of it at one revision; undefined: it changed meanwhile. Rejects while it does not answer. */
export async function readPlane(world: World, plane: string): Promise<PlaneSeen | undefined> {
  const url = world.view(plane, ports.api)
  const before = z.parse(StatusView, await read(`${url}/v1/status`))
  const instances = z.parse(z.array(InstanceView), await read(`${url}/v1/instances?limit=1000`))
  const { revision, sinks } = z.parse(StatusView, await read(`${url}/v1/status`))
  if (before.revision !== revision) return undefined
  return {
    revision,
    instances: Object.fromEntries(instances.map((each) => [each.id, believed(each)])),
    proven: Object.fromEntries(sinks.map(({ name, proven }) => [name, proven?.revision ?? null])),
    addresses: new Map(instances.map(({ id, address, port }) => [`${address}:${port}`, id])),
  }
}

/** Whether the planes are at one revision, which every sink is proven to show, by the word of one of them. */
export function isProven(planes: readonly PlaneAtRest[]): boolean {
  const [first] = planes
  if (!first || planes.some(({ revision }) => revision !== first.revision)) return false
  const sinks = new Set(planes.flatMap(({ proven }) => Object.keys(proven)))
  return [...sinks].every((sink) => planes.some(({ proven, revision }) => proven[sink] === revision))
}

function believed({ routable, health, service }: InstanceView): Believed {
  return { routable, health, service }
}

/**
 * The hash of a plane's fleet.
 * @param at right after this revision, once it comes; left out: now
 */
export async function readFingerprint(world: World, plane: string, at?: number): Promise<FingerprintView> {
  const query = at === undefined ? '' : `?at=${at}`
  // A plane waits for 10 s for a revision that is to come.
  return z.parse(FingerprintView, await read(`${world.view(plane, ports.api)}/v1/fingerprint${query}`, 12_000))
}

/** A gauge of a metrics page in Prometheus' format, in seconds; undefined: it is not there. */
export async function readLagMs(url: string, name: string): Promise<number | undefined> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) })
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(await response.text()) ?? []
  return value === undefined ? undefined : Number(value) * 1000
}

async function read(url: string, withinMs = 2_000): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(withinMs) })
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}`)
  return response.json()
}
