import * as z from 'zod/mini'
import type { ApiHealth, ApiStatus } from '../../fleet/routable.ts'
import { readBody } from './fields.ts'
import type { FleetSummary, Kind } from './fleet-summary.ts'
import {
  type Found,
  type Paging,
  pageText,
  pagingFields,
  pagingOf,
  queryObject,
  queryText,
  queryWords,
} from './paging.ts'
import type { RowTexts } from './row-texts.ts'

const statuses = ['registered', 'active', 'inactive', 'failed'] as const satisfies readonly ApiStatus[]
const healths = ['healthy', 'warning', 'critical', 'unknown'] as const satisfies readonly ApiHealth[]

const Query = z.object({
  type: queryText(),
  service_type: queryText(),
  service_name: queryText(),
  cluster_id: queryText(),
  status: queryWords(statuses),
  health: queryWords(healths),
  health_status: queryWords(healths),
  ...pagingFields,
})

export type Listing = Paging & {
  readonly type: string | undefined
  readonly service: string | undefined
  readonly cluster: string | undefined
  readonly statuses: readonly ApiStatus[]
  readonly healths: readonly ApiHealth[] | undefined
}

/** What a list call asks for: registered and active unless it says otherwise. Throws a 400 refusal that names every parameter that is wrong. */
export function readListing(query: URLSearchParams): Listing {
  const asked = readBody(Query, queryObject(query))
  return {
    ...pagingOf(asked),
    type: asked.type ?? asked.service_type,
    service: asked.service_name,
    cluster: asked.cluster_id,
    statuses: asked.status ?? ['registered', 'active'],
    healths: asked.health ?? asked.health_status,
  }
}

/**
 * The page that is asked for, in the order of ids, as JSON.
 * @param heardAt when an instance was last heard of, epoch milliseconds
 */
export function listServices(
  listing: Listing,
  { summary, texts }: { readonly summary: FleetSummary; readonly texts: RowTexts },
  heardAt: (instance: string) => number | undefined,
): string {
  const ids = summary.instances(listing.service)
  // There are few kinds, and each is asked for again and again.
  const known = new Map<Kind, boolean>()
  const judge = (kind: Kind) => fits(kind, listing)
  const wanted = (kind: Kind) => known.getOrInsertComputed(kind, judge)
  const found: Found = {
    total: ids.count(wanted),
    after: (id) => ids.rank(id, wanted),
    from: (start) => ids.from(start, wanted),
  }
  return pageText('services', found, listing, (id) => texts.of(id, heardAt(id)))
}

function fits(kind: Kind, { statuses, healths, type, cluster }: Listing): boolean {
  return (
    statuses.includes(kind.status) &&
    (healths === undefined || healths.includes(kind.health)) &&
    (type === undefined || kind.type === type) &&
    (cluster === undefined || kind.cluster === cluster)
  )
}
