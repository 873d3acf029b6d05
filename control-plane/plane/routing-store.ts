import type { RoutingSplitStore, RoutingVersionStore } from '../journal/store.ts'
import type { Lead } from '../leadership/lead.ts'

/** Versions of routes and splits of services as all may read them, and only the leader change them. */
export function routingStore(
  store: RoutingVersionStore & RoutingSplitStore,
  { term }: Pick<Lead, 'term'>,
): RoutingVersionStore & RoutingSplitStore {
  return {
    routingVersions: store.routingVersions,
    routingVersion: store.routingVersion,
    newestRoutingVersion: store.newestRoutingVersion,
    routingSplits: store.routingSplits,
    addRoutingVersion: async (version, files) => store.addRoutingVersion(version, files, term()),
    changeRoutingVersions: async (changes) => store.changeRoutingVersions(changes, term()),
    saveRoutingSplits: async (splits) => store.saveRoutingSplits(splits, term()),
  }
}
