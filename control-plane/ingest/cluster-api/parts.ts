import type { Logger } from '#shared/logging/logger.ts'
import type { RecordChange } from '../../fleet/record.ts'
import type { FleetWithRemovals } from '../agents/session/reconcile.ts'
import type { ClientsConfig } from '../config.ts'
import type { Heartbeats } from './heartbeats.ts'
import type { Namesakes } from './namesakes.ts'

/** What a client says it measured, by name. */
export type ClientMetrics = Readonly<Record<string, number>>

/** What main wants to hear of; called for every beat, so they must be quick. Times in epoch milliseconds. */
export type ClientsHooks = {
  readonly onHeartbeat: (instance: string, at: number) => void
  readonly onMetrics: (instance: string, metrics: ClientMetrics, at: number) => void
}

/** What the calls of clients work on. */
export type ClientParts = {
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  readonly beats: Heartbeats
  readonly namesakes: Namesakes
  readonly settings: ClientsConfig
  readonly hooks: ClientsHooks
  readonly log: Logger
}
