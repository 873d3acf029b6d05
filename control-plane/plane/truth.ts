import { type FollowedFederation, followFederation } from '../federation/follow.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { type Journal, openJournal } from '../journal/open-journal.ts'
import type { Store } from '../journal/store.ts'
import { openTables, type Tables } from '../journal/tables/open-tables.ts'
import type { Lead } from '../leadership/lead.ts'
import type { Routing } from '../routing/start.ts'
import type { Run } from './run.ts'

export type TruthParts = {
  /** Empty still. */
  readonly fleet: Fleet
  readonly store: Store
  readonly lead: Lead
  /** Answers from when this resolves. */
  readonly routing: Routing
}

/** What has happened, as far as it is stored, and what is stored behind it. */
export type Truth = AsyncDisposable & {
  readonly journal: Journal
  readonly tables: Tables
  /** How the clusters stand. */
  readonly federation: FollowedFederation
}

/** Restores the fleet from the journal, which records what happens from then on. */
export async function loadTruth(
  { config, log, signal }: Run,
  { fleet, store, lead, routing }: TruthParts,
): Promise<Truth> {
  await using stack = new AsyncDisposableStack()
  const common = { store, fleet, config: config.journal, log, signal, lead }
  const journal = stack.use(await openJournal(common))
  await journal.load()
  const tables = stack.use(await openTables(common))
  const federationPath = `${config.journal.path}-federation`
  const federation = stack.use(await followFederation(config.federation, { fleet, path: federationPath, log, signal }))
  fleet.markComplete()
  // What is published first knows already which cluster answers.
  stack.defer(federation.watch(() => routing.federate(federation)))
  federation.look()
  const open = stack.move()
  return { journal, tables, federation, [Symbol.asyncDispose]: () => open.disposeAsync() }
}
