import type { Readers } from '../api/readers.ts'
import type { Seats } from '../api/seats.ts'
import type { Bound } from '../fleet/bound.ts'
import type { DiscoveryConfig } from '../foreign/discovery/config.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import type { JournalConfig } from '../journal/config.ts'
import type { Journal } from '../journal/open-journal.ts'
import type { Tables } from '../journal/tables/open-tables.ts'
import type { Routing } from '../routing/start.ts'
import type { GuardedServer } from './guard-server.ts'

export type BoundsParts = {
  readonly config: { readonly journal: Pick<JournalConfig, 'queue'>; readonly discovery: DiscoveryConfig }
  readonly journal: Pick<Journal, 'status'>
  readonly tables: Pick<Tables, 'bounds'>
  readonly sessions: Pick<AgentSessions, 'bounds'>
  readonly discovery: { readonly watchers: () => number; readonly refused: () => number }
  readonly followers: Seats
  readonly server: Pick<GuardedServer, 'bounds' | 'cuts'>
  readonly routing: Pick<Routing, 'bounds' | 'cuts'>
}

export type CutsParts = Pick<BoundsParts, 'server' | 'routing'> & { readonly readers: Readers }

/** What waits in this plane and what it keeps for speed, each with its bound. */
export function boundsOf(parts: BoundsParts): readonly Bound[] {
  const { config, journal, tables, sessions, discovery, followers, server, routing } = parts
  const { waiting, refused } = journal.status()
  return [
    { name: 'journal', now: waiting, most: config.journal.queue, refused },
    ...tables.bounds(),
    ...server.bounds(),
    ...sessions.bounds(),
    ...routing.bounds(),
    {
      name: 'discovery_watchers',
      now: discovery.watchers(),
      most: config.discovery.most_watchers,
      refused: discovery.refused(),
    },
    { name: 'event_followers', now: followers.taken, most: followers.most, refused: followers.refused },
  ]
}

/** What was ended since the start because its other side was too slow or took too much, by why. */
export function cutsOf({ server, routing, readers }: CutsParts): Readonly<Record<string, number>> {
  return { ...server.cuts(), event_streams: readers.cut, ...routing.cuts() }
}
