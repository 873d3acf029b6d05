import type { ApiParts } from '../api/v1.ts'
import type { RecordChange } from '../fleet/record.ts'
import type { Journal } from '../journal/open-journal.ts'
import { ownState } from '../tenants/own-state.ts'
import { ownEntry } from '../tenants/own-words.ts'
import { recordAs } from '../tenants/record-as.ts'
import type { WholeFleet } from '../tenants/tenant-fleet.ts'
import type { Access } from './access.ts'
import type { Tenants } from './tenants.ts'

export type TenantAnswersParts = {
  readonly whole: ApiParts
  readonly fleet: WholeFleet
  readonly journal: Pick<Journal, 'read' | 'stateAt'> & { readonly record: RecordChange }
  readonly trail: Access['trail']
  readonly tenants: Tenants
}

/** The plane's own API for callers that are bound to a tenant: over what is its own, now and in the past, and in its name. */
export function tenantAnswers(tenant: string, parts: TenantAnswersParts): ApiParts {
  const { fleet, journal, trail, tenants } = parts
  // Who else sees an instance names nodes of others.
  const { witnessesOf: _, ...whole } = parts.whole
  const own = tenants.fleets.of(tenant)
  const isOwn = (node: string) => own.nodes.has(node)
  return {
    ...whole,
    fleet: own,
    record: trail.recording(recordAs(tenant, fleet, journal.record, tenants.quotas), own),
    events: {
      ...whole.events,
      read: async (after, limit) => {
        const entries = await journal.read(after, limit, tenant)
        return entries.map((entry) => ownEntry(entry, isOwn))
      },
    },
    stateAt: async (revision) => ownState(tenant, await journal.stateAt(revision)),
  }
}
