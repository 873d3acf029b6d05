import * as z from 'zod/mini'
import type { FleetView } from '../../fleet/fleet.ts'
import type { ApiHealth, ApiStatus } from '../../fleet/routable.ts'
import { readBody } from './fields.ts'
import { clusterOf, rowOf, type ServiceRow } from './row.ts'

const statuses = ['registered', 'active', 'inactive', 'failed'] as const satisfies readonly ApiStatus[]
const healths = ['healthy', 'warning', 'critical', 'unknown'] as const satisfies readonly ApiHealth[]

/** `a,b`, or the parameter twice, or `all`. */
function words<T extends string>(known: readonly T[]) {
  const error = `expected any of ${known.join(', ')}, or all`
  const isKnown = (word: string): word is T => (known as readonly string[]).includes(word)
  return z.optional(
    z.pipe(
      z.pipe(
        z.union([z.string(), z.array(z.string())], { error }),
        z.transform((value: string | string[]) => [value].flat().flatMap((part) => part.toLowerCase().split(','))),
      ),
      z.pipe(
        z.array(z.string()).check(z.refine((all) => all.every((word) => isKnown(word) || word === 'all'), { error })),
        z.transform((all): readonly T[] => (all.includes('all') ? known : all.filter(isKnown))),
      ),
    ),
  )
}

function whole(least: number, most: number) {
  const error = `expected a whole number from ${least} to ${most}`
  return z.optional(
    z.pipe(
      z.string({ error }).check(z.regex(/^\d{1,9}$/, { error })),
      z.pipe(z.transform(Number), z.int().check(z.gte(least, { error }), z.lte(most, { error }))),
    ),
  )
}

const text = () => z.optional(z.string({ error: 'expected it once' }).check(z.maxLength(253)))
const mostRows = 1_000

const Query = z.object({
  type: text(),
  service_type: text(),
  service_name: text(),
  cluster_id: text(),
  status: words(statuses),
  health: words(healths),
  health_status: words(healths),
  limit: whole(1, mostRows),
  offset: whole(0, 1e9),
  page: whole(1, 1e6),
  size: whole(1, mostRows),
  page_size: whole(1, mostRows),
})

export type Listing = {
  readonly type: string | undefined
  readonly service: string | undefined
  readonly cluster: string | undefined
  readonly statuses: readonly ApiStatus[]
  readonly healths: readonly ApiHealth[] | undefined
  readonly limit: number
  readonly offset: number
}

/** What a list call asks for: registered and active unless it says otherwise. Throws a 400 refusal that names every parameter that is wrong. */
export function readListing(query: unknown): Listing {
  const asked = readBody(Query, query)
  const limit = asked.limit ?? asked.page_size ?? asked.size ?? 100
  return {
    type: asked.type ?? asked.service_type,
    service: asked.service_name,
    cluster: asked.cluster_id,
    statuses: asked.status ?? ['registered', 'active'],
    healths: asked.health ?? asked.health_status,
    limit,
    offset: asked.offset ?? ((asked.page ?? 1) - 1) * limit,
  }
}

export type ServicePage = {
  readonly services: readonly ServiceRow[]
  /** How many there are in all. */
  readonly total: number
  readonly limit: number
  readonly offset: number
  /** The offset of what follows; null: nothing does. */
  readonly next_offset: number | null
}

/** The instances asked for, in the order of their ids. @param heardAt when an instance was last heard of, epoch milliseconds */
export function listServices(
  { type, service, cluster, statuses, healths, limit, offset }: Listing,
  fleet: FleetView,
  heardAt: (instance: string) => number | undefined,
): ServicePage {
  const found: string[] = []
  for (const id of service === undefined ? fleet.instances.keys() : fleet.instancesOfService(service)) {
    const instance = fleet.instances.get(id)
    const standing = fleet.standing(id)
    if (!instance || !standing || !statuses.includes(standing.status)) continue
    if (healths && !healths.includes(standing.health)) continue
    if (type !== undefined && instance.spec.type !== type) continue
    if (cluster !== undefined && clusterOf(instance, fleet.nodes.get(instance.node)) !== cluster) continue
    found.push(id)
  }
  const services = found
    .sort()
    .slice(offset, offset + limit)
    .flatMap((id) => {
      const instance = fleet.instances.get(id)
      const standing = fleet.standing(id)
      return instance && standing ? [rowOf(instance, standing, fleet.nodes.get(instance.node), heardAt(id))] : []
    })
  const next = offset + limit
  return { services, total: found.length, limit, offset, next_offset: next < found.length ? next : null }
}
