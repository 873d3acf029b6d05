import type { Logger } from '#shared/logging/logger.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { FleetWithRemovals } from '../agents/session/reconcile.ts'
import type { ClientsConfig } from '../config.ts'
import type { ClientSample } from '../samples.ts'
import type { Heartbeats } from './heartbeats.ts'
import type { Namesakes } from './namesakes.ts'

/** What main wants to hear of; called for every beat, so they must be quick. Times in epoch milliseconds. */
export type ClientsHooks = {
  readonly onHeartbeat: (instance: string, at: number) => void
  /** A node without an agent gave a sign of life. */
  readonly onNodeHeartbeat: (node: string, at: number) => void
  readonly onMetrics: (samples: readonly ClientSample[]) => void
}

/** What the calls of clients work on. */
export type ClientParts = {
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  readonly beats: Heartbeats
  readonly namesakes: Namesakes
  /** Nodes that are being joined just now: many clients of one node may register at once. */
  readonly joining: Map<string, Promise<unknown>>
  readonly settings: ClientsConfig
  readonly hooks: ClientsHooks
  readonly log: Logger
}
