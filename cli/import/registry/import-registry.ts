import { explainError, Failure } from '#shared/failure/failure.ts'
import { type ImportedTable, type ImportResult, mostImportedRows } from '#shared/protocol/registry-import.ts'
import { type NormalRow, normalRow, type Reading, tableOf, unknownColumns } from './normal-row.ts'
import type { FromFile, RawRow, Unread } from './raw-row.ts'
import { readFormerRegistry } from './read-file.ts'
import type { Dialect } from './sql-rows.ts'
import { type ImportReport, type NotTaken, Tally } from './tally.ts'

/** Sends rows of one table to the plane; resolves with what became of each, or that they are too much for one call. */
export type SendRows = (
  table: ImportedTable,
  rows: readonly Readonly<Record<string, unknown>>[],
  /** Where nodes are that the rows name, by the file. */
  nodes: Readonly<Record<string, string>>,
) => Promise<readonly ImportResult[] | 'too-large'>

export type ImportOptions = {
  readonly file: string
  readonly dialect: Dialect | undefined
  /** Of the rows of which a file does not say it. */
  readonly table: ImportedTable | undefined
  readonly zoneMinutes: number
  readonly dryRun: boolean
  readonly overwrite: boolean
  readonly send: SendRows
  readonly onNotTaken: (row: NotTaken) => void
  /** How many rows have been read. */
  readonly onProgress: (rows: number) => void
  readonly stop: AbortSignal
}

/** What others name: instances their nodes, records their rules. */
const firstTables: ReadonlySet<string> = new Set<ImportedTable>(['cluster_nodes', 'alert_rules'])
/** Of one call; a row is smaller, and the plane takes some more. */
const mostBatchBytes = 1024 * 1024
/** Rules, and nodes, that are kept in mind. */
const mostNamed = 100_000

/**
 * Takes the rows of a file into Heddle, in two walks through it: first what other rows name. Holds one batch of each table. Rejects with
 * IMPORT_INTERRUPTED where something was taken already, with what was wrong as its cause.
 */
export async function importRegistry(options: ImportOptions): Promise<ImportReport> {
  const tally = new Tally(options.file, options.onNotTaken)
  const run = new Run(options, tally)
  try {
    // A file that cannot be read to its end changes nothing.
    await walk(options, () => {})
    await walk(options, (piece) => run.take(piece, 'first'))
    await run.flush()
    await walk(options, (piece) => run.take(piece, 'rest'))
    await run.flush()
  } catch (error) {
    // The plane may have taken a part of what it failed at.
    const partly = error instanceof Failure && error.code === 'PLANE_FAILED' ? run.underWay : 0
    if (options.dryRun || (tally.taken === 0 && partly === 0)) throw error
    const perhaps = partly === 0 ? '' : `, and perhaps some of the next ${partly}`
    const done = `${tally.taken} rows were taken${perhaps}`
    throw new Failure('IMPORT_INTERRUPTED', `${options.file}: ended before its end; ${done}: ${explainError(error)}`, {
      cause: error,
      retryable: true,
    })
  }
  return tally.report(options)
}

async function walk(
  { file, dialect, stop }: ImportOptions,
  take: (piece: readonly FromFile[]) => Promise<void> | void,
): Promise<void> {
  for await (const piece of readFormerRegistry(file, dialect)) {
    stop.throwIfAborted()
    await take(piece)
  }
}

const tooLargeRemedy =
  'Shorten what it holds, or raise ingest.clients.most_batch_kib of the plane, and import it again.'

type Batch = { rows: NormalRow[]; bytes: number }

class Run {
  readonly #options: ImportOptions
  readonly #tally: Tally
  readonly #rules = new Map<string, string>()
  readonly #nodes = new Map<string, string>()
  readonly #batches = new Map<ImportedTable, Batch>()
  readonly #reading: Reading
  #underWay = 0

  constructor(options: ImportOptions, tally: Tally) {
    this.#options = options
    this.#tally = tally
    this.#reading = { zoneMinutes: options.zoneMinutes, rules: this.#rules }
  }

  async take(piece: readonly FromFile[], walk: 'first' | 'rest'): Promise<void> {
    for (const each of piece) {
      const table = this.#tableOf(each)
      if (firstTables.has(table ?? '') !== (walk === 'first')) continue
      if (each.kind === 'unread') this.#unread(each, table)
      else if (table === undefined) this.#tally.passed(each.table === '' ? '(without a name)' : each.table)
      else await this.#row(table, each)
    }
    this.#options.onProgress(this.#tally.rows)
  }

  /** How many rows have been sent of which nobody knows what became of them. */
  get underWay(): number {
    return this.#underWay
  }

  async flush(): Promise<void> {
    for (const table of this.#batches.keys()) await this.#send(table)
  }

  #tableOf(each: FromFile): ImportedTable | undefined {
    const row: RawRow = each.kind === 'row' ? each : { ...each, kind: 'row', values: new Map() }
    return tableOf(row) ?? (each.table === '' ? this.#options.table : undefined)
  }

  #unread({ table, line, reason, remedy }: Unread, known: ImportedTable | undefined): void {
    const name = known ?? table
    // What stands in tables that are not taken anyway need not be read.
    if (known === undefined && table !== '') {
      this.#tally.passed(table)
      return
    }
    this.#tally.unread(name === '' ? '(without a name)' : name, known !== undefined)
    this.#tally.notTaken({
      line,
      table: name === '' ? '(without a name)' : name,
      key: '',
      outcome: 'refused',
      reason,
      remedy,
    })
  }

  async #row(table: ImportedTable, raw: RawRow): Promise<void> {
    this.#tally.read(table, unknownColumns(table, raw))
    const { values } = raw
    if (table === 'alert_rules' && this.#rules.size < mostNamed) {
      this.#rules.set(String(values.get('id') ?? ''), String(values.get('rule_name') ?? ''))
    }
    const row = normalRow(table, raw, this.#reading)
    if (row.kind === 'refused') {
      const { line, key, reason, remedy } = row
      this.#tally.notTaken({ line, table, key, outcome: 'refused', reason, remedy })
      return
    }
    if (table === 'cluster_nodes') this.#noteNode(row)
    const bytes = JSON.stringify(row.body).length * 3
    const batch = this.#batches.getOrInsertComputed(table, () => ({ rows: [], bytes: 0 }))
    if (batch.rows.length >= mostImportedRows || batch.bytes + bytes > mostBatchBytes) await this.#send(table)
    batch.rows.push(row)
    batch.bytes += bytes
  }

  async #send(table: ImportedTable): Promise<void> {
    const batch = this.#batches.get(table)
    if (!batch || batch.rows.length === 0) return
    const { rows } = batch
    batch.rows = []
    batch.bytes = 0
    await this.#sendRows(table, rows)
  }

  async #sendRows(table: ImportedTable, rows: readonly NormalRow[]): Promise<void> {
    this.#underWay = rows.length
    const results = await this.#options.send(
      table,
      rows.map(({ body }) => body),
      table === 'service_registry' ? this.#nodesOf(rows) : {},
    )
    this.#underWay = 0
    if (results === 'too-large') {
      await this.#sendParts(table, rows)
      return
    }
    for (const { index, outcome, reason = '', remedy = '' } of results) {
      const row = rows[index]
      if (!row) continue
      if (outcome === 'taken' || outcome === 'there') this.#tally.add(table, outcome)
      else this.#tally.notTaken({ line: row.line, table, key: row.key, outcome, reason, remedy })
    }
  }

  /** How much a plane takes at once is set there. */
  async #sendParts(table: ImportedTable, rows: readonly NormalRow[]): Promise<void> {
    const [first] = rows
    if (rows.length === 1 && first) {
      const { line, key } = first
      const reason = 'it is longer than the plane takes'
      this.#tally.notTaken({ line, table, key, outcome: 'refused', reason, remedy: tooLargeRemedy })
      return
    }
    const half = Math.ceil(rows.length / 2)
    await this.#sendRows(table, rows.slice(0, half))
    await this.#sendRows(table, rows.slice(half))
  }

  #noteNode({ body: { node_id: id, host_address, address, host } }: NormalRow): void {
    const at = host_address ?? address ?? host
    if (typeof id === 'string' && typeof at === 'string' && this.#nodes.size < mostNamed) this.#nodes.set(id, at)
  }

  #nodesOf(rows: readonly NormalRow[]): Readonly<Record<string, string>> {
    const named = rows.flatMap(({ body: { node_id: id } }) => (typeof id === 'string' ? [id] : []))
    return Object.fromEntries(
      [...new Set(named)].flatMap((id) => (this.#nodes.has(id) ? [[id, this.#nodes.get(id) ?? '']] : [])),
    )
  }
}
