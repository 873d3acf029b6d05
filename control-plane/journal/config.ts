import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'
import { PostgresqlConfig } from './postgresql/config.ts'

const second = 1000
const minute = 60 * second
const hour = 3_600 * second
const day = 24 * hour

/** Settings of the journal, its store and the tables behind it. Durations in milliseconds once read. */
export const JournalConfig = z.strictObject({
  /**
   * The SQLite file. Beside it stand `-wal` and `-shm`, and `-lock` and `-acknowledged` of ours. With `postgresql` there is no such file,
   * but those of ours beside it.
   */
  path: z._default(z.string().check(z.minLength(1)), 'heddle.db'),
  /** Where a PostgreSQL holds the journal and the tables, instead of the file. */
  postgresql: z.optional(PostgresqlConfig),
  /** The file never grows beyond this; undefined: as the disk allows. */
  max_megabytes: z.optional(z.int().check(z.gte(1))),
  /** Changes that wait for the disk; what comes beyond is refused. */
  queue: z._default(z.int().check(z.gte(1)), 10_000),
  /** A snapshot is taken after so many events, or as many as there are beliefs if these are more. */
  snapshot_every: z._default(z.int().check(z.gte(1)), 20_000),
  /** A snapshot is taken after this time if there was any event. */
  snapshot_within: z._default(duration(second), hour),
  /** For how long events, and one snapshot a day, are kept for audit and for the state of a past moment. */
  retention: z._default(duration(), 30 * day),
  /** Backups that the plane makes by itself; left out: none. */
  backup: z.optional(
    z.strictObject({
      /** Best on another disk. It is made if it is not there. */
      folder: z.string().check(z.minLength(1)),
      every: z._default(duration(minute), day),
      /** The newest so many stay, the others are removed. */
      keep: z._default(z.int().check(z.gte(1), z.lte(10_000)), 7),
      /** With the metrics of service_metrics, which are most rows by far. */
      metrics: z._default(z.boolean(), true),
    }),
  ),
  /** How long the nine tables may lag behind the journal. */
  tables_within: z._default(duration(), second),
  metrics: z.prefault(
    z.strictObject({
      /** For how long 1-minute rollups are kept. */
      retention: z._default(duration(), 7 * day),
      /** And at most so many rows: 10,000 nodes write 120,000 a minute. */
      most_rows: z._default(z.int().check(z.gte(0)), 5_000_000),
    }),
    {},
  ),
})
export type JournalConfig = z.output<typeof JournalConfig>
