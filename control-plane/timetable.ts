import { schedule } from 'node-cron'
import type { Logger } from '#shared/logging/logger.ts'
import type { FleetView } from './fleet/fleet.ts'
import type { RecordChange } from './fleet/record.ts'
import { type Heartbeats, silentInstances } from './ingest/cluster-api/heartbeats.ts'
import { judgeClients } from './ingest/cluster-api/judge-clients.ts'
import type { IngestConfig } from './ingest/config.ts'
import { expiredOrders } from './ingest/expired-orders.ts'
import { expired, reapable } from './ingest/lifecycle.ts'
import { recordAll } from './ingest/propose.ts'
import type { BeatBuffer } from './journal/tables/beat-buffer.ts'
import type { Tables } from './journal/tables/open-tables.ts'

/** Something done regularly. All cadences of the plane stand in one table in main. */
export type Job = {
  readonly name: string
  /** Six fields, the first one seconds. */
  readonly when: string
  readonly run: () => Promise<void> | void
}

export type JobParts = {
  readonly fleet: FleetView
  /** Of what only the leader decides. */
  readonly recordAsLeader: RecordChange
  /** Where planes share a store one does what concerns all. */
  readonly leads: () => boolean
  /** Whether other planes may share the store. */
  readonly shared: boolean
  readonly beats: Heartbeats
  readonly beatsToSave: BeatBuffer
  readonly tables: Tables
  readonly settings: IngestConfig
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
  readonly keepSightings: () => Promise<void>
}

const savedEveryMs = 10_000

/** Everything that the plane does by the clock. What follows the fleet's changes has its own pace beside it. */
export function planeJobs(parts: JobParts): readonly Job[] {
  const { fleet, recordAsLeader: record, leads, shared, beats, beatsToSave, tables, settings, by, log } = parts
  const { agents, clients } = settings
  // What other planes heard is known as soon as they have saved it.
  const lifetimeMs = clients.heartbeat_lifetime + (shared ? 2 * savedEveryMs : 0)
  const judge = async () => {
    if (!leads()) return
    const someSilent = () => silentInstances(fleet, beats, Date.now(), lifetimeMs).length > 0
    if (shared && fleet.complete && someSilent()) await tables.readBeats((saved) => beats.restore(saved))
    await judgeClients({ fleet, record, beats, lifetimeMs, by, log })
  }
  return [
    {
      name: 'end drains and the like whose time is over',
      when: cadence(1_000),
      run: async () => {
        if (!leads()) return
        const now = Date.now()
        await recordAll([...expired(fleet, now), ...expiredOrders(fleet, now)], record, by, log)
      },
    },
    {
      name: 'save when everything was last heard of',
      when: cadence(savedEveryMs),
      run: () => {
        const { services, nodes } = beatsToSave.take()
        return tables.saveBeats(services, nodes)
      },
    },
    { name: 'keep who has seen which instance', when: cadence(30_000), run: parts.keepSightings },
    { name: 'judge clients by their heartbeats', when: cadence(clients.judged_every), run: judge },
    { name: 'sweep: who is silent is inactive', when: cadence(clients.swept_every), run: judge },
    {
      name: 'reap what is long gone',
      when: cadence(60_000),
      run: async () => {
        if (!leads()) return
        const limits = { deadForMs: agents.reaped_after, silentForMs: clients.reaped_after }
        await recordAll(
          reapable(fleet, Date.now(), limits, (id) => beats.lastOf(id)),
          record,
          by,
          log,
        )
      },
    },
  ]
}

/**
 * A cadence of six fields that comes as often as `everyMs`, or a little oftener where the clock cannot be divided so: every 7 s
 * becomes every 6 s, since 60 is no multiple of 7.
 */
export function cadence(everyMs: number): string {
  const seconds = Math.max(1, Math.floor(everyMs / 1000))
  if (seconds < 60) return `*/${divisor(60, seconds)} * * * * *`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `0 */${divisor(60, minutes)} * * * *`
  return `0 0 */${divisor(24, Math.min(24, Math.floor(minutes / 60)))} * * *`
}

/** The largest divisor of `whole` that is at most `most`. */
function divisor(whole: number, most: number): number {
  for (let each = most; each > 1; each -= 1) if (whole % each === 0) return each
  return 1
}

/** Runs each job by its own cadence until closed. A job that is still running is not started again; its failure is logged. */
export function startTimetable(jobs: readonly Job[], log: Logger): AsyncDisposable {
  const running = new Set<Promise<void>>()
  const tasks = jobs.map(({ name, when, run }) =>
    schedule(
      when,
      async () => {
        const turn = Promise.resolve()
          .then(run)
          .catch((error: unknown) => log.warn({ err: error, job: name }, 'a job of the timetable failed'))
        running.add(turn)
        await turn
        running.delete(turn)
      },
      { name, noOverlap: true },
    ),
  )
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(tasks.map((task) => task.destroy()))
      await Promise.all(running)
    },
  }
}
