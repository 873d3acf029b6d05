import * as z from 'zod/mini'

/**
 * A backup is a file of lines, compressed by zstd: a header; for each table a line that names its columns, its rows as JSON arrays, and a
 * line with their number and hash; at last a trailer with the hash of every line before it. Whoever reads it needs no Heddle:
 * `zstd -dc file | head`.
 */
export const backupFormat = 'heddle-backup'

/** The version of the format that this program writes, and the newest that it reads. */
export const backupVersion = 1

const count = z.int().check(z.gte(0))

export const BackupHeader = z.object({
  format: z.literal(backupFormat),
  version: z.int(),
  /** The version of the Heddle that made it. */
  heddle: z.string(),
  /** Of what it is a backup. */
  installation: z.string(),
  owner: z.string(),
  store: z.enum(['sqlite', 'postgresql']),
  /** The newest migration that the store had. */
  schema: z.string(),
  /** The revision of the newest entry of the journal in it. */
  revision: count,
  /** ISO 8601 */
  at: z.string(),
  /** How many rows of each table follow. */
  rows: z.record(z.string(), count),
  /** Tables whose rows were not wanted. */
  left_out: z.array(z.string()),
})
export type BackupHeader = z.infer<typeof BackupHeader>

export const TableStart = z.object({ table: z.string(), columns: z.array(z.string()) })
export type TableStart = z.infer<typeof TableStart>

/** `sha256` of the lines of its rows, each with its line feed. */
export const TableEnd = z.object({ end: z.string(), rows: count, sha256: z.string() })
export type TableEnd = z.infer<typeof TableEnd>

export const BackupTrailer = z.object({
  trailer: z.object({
    rows: count,
    /** What the journal gives when it is replayed up to the revision of the header. */
    fleet: z.object({ hash: z.string(), nodes: count, instances: count }),
    /** Of all lines before this one. */
    sha256: z.string(),
  }),
})
export type BackupTrailer = z.infer<typeof BackupTrailer>['trailer']

/** Rows of a table in the order of its columns. */
export type Values = readonly unknown[]

/** What a reader is told, in this order; `rows` as often as it takes. */
export type BackupPiece =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'table'; readonly table: string; readonly columns: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly Values[] }
  /** All rows of the table were there, as they were written. */
  | ({ readonly kind: 'end' } & TableEnd)
  /** All of the file was there, as it was written. */
  | { readonly kind: 'trailer'; readonly trailer: BackupTrailer }
