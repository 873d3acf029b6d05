import type { Bound } from '../admin/metrics.ts'
import type { Seats } from '../api/seats.ts'
import type { DiscoveryConfig } from '../foreign/discovery/config.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import type { JournalConfig } from '../journal/config.ts'
import type { Journal } from '../journal/open-journal.ts'
import type { Tables } from '../journal/open-tables.ts'

export type BoundsParts = {
  readonly config: { readonly journal: Pick<JournalConfig, 'queue'>; readonly discovery: DiscoveryConfig }
  readonly journal: Pick<Journal, 'status'>
  readonly tables: Pick<Tables, 'bounds'>
  readonly sessions: Pick<AgentSessions, 'bounds'>
  readonly discovery: { readonly watchers: () => number; readonly refused: () => number }
  readonly followers: Seats
}

/** What waits in this plane and what it keeps for speed, each with its bound. */
export function boundsOf({ config, journal, tables, sessions, discovery, followers }: BoundsParts): readonly Bound[] {
  const { waiting, refused } = journal.status()
  return [
    { name: 'journal', now: waiting, most: config.journal.queue, refused },
    ...tables.bounds(),
    ...sessions.bounds(),
    {
      name: 'discovery_watchers',
      now: discovery.watchers(),
      most: config.discovery.most_watchers,
      refused: discovery.refused(),
    },
    { name: 'event_followers', now: followers.taken, most: followers.most, refused: followers.refused },
  ]
}
