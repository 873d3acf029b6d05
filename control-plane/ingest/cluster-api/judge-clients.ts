import type { Logger } from '#shared/logging/logger.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { RecordChange } from '../../fleet/record.ts'
import { recordAll } from '../propose.ts'
import { type Heartbeats, silentInstances } from './heartbeats.ts'

export type JudgeClientsOptions = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly beats: Heartbeats
  readonly lifetimeMs: number
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
}

const markedAtOnce = 250

/** Marks the clients whose heartbeat expired; a job for the timetable. Nothing is concluded before the journal is loaded. */
export async function judgeClients({ fleet, record, beats, lifetimeMs, by, log }: JudgeClientsOptions): Promise<void> {
  if (!fleet.complete) return
  const silent = silentInstances(fleet, beats, Date.now(), lifetimeMs)
  let marked = 0
  // Thousands may fall silent together; whoever else wants to record something is not to wait for all of them.
  for (let from = 0; from < silent.length; from += markedAtOnce) {
    marked += await recordAll(silent.slice(from, from + markedAtOnce), record, by, log)
  }
  if (marked > 0) log.warn({ marked }, 'clients fell silent')
}
