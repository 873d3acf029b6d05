import type { ImportedTable } from '#shared/protocol/registry-import.ts'

/** A row that was not taken, and why. */
export type NotTaken = {
  readonly file: string
  readonly line: number
  readonly table: string
  readonly key: string
  readonly outcome: 'kept' | 'refused'
  readonly reason: string
  readonly remedy: string
}

export type TableTally = {
  readonly table: string
  readonly read: number
  readonly taken: number
  readonly there: number
  /** Something else is there, and stays. */
  readonly kept: number
  readonly refused: number
  /** Why nothing of it is taken at all. */
  readonly left_out?: string
  /** Columns that are not read, and in how many rows they are. */
  readonly unknown_columns: Readonly<Record<string, number>>
}

export type ImportReport = {
  readonly file: string
  readonly dry_run: boolean
  readonly overwrite: boolean
  /** In the order of the file. */
  readonly tables: readonly TableTally[]
  /** The first of each table. */
  readonly not_taken: readonly NotTaken[]
  /** How many more there are. */
  readonly not_listed: number
}

type Counts = {
  read: number
  taken: number
  there: number
  kept: number
  refused: number
  readonly unknown: Map<string, number>
  listed: number
}

const mostListed = 1_000
const mostTables = 1_000
const mostColumns = 200

const leftOut: Readonly<Record<string, string>> = {
  user_sessions: 'sessions are never taken: whoever was signed in signs in anew',
  sessions: 'sessions are never taken: whoever was signed in signs in anew',
}
const unknownTable = 'this is none of the nine tables'

/** Counts what became of the rows, and lists the first that were not taken. */
export class Tally {
  readonly #file: string
  readonly #onNotTaken: (row: NotTaken) => void
  readonly #tables = new Map<string, Counts>()
  readonly #known = new Set<string>()
  readonly #notTaken: NotTaken[] = []
  #notListed = 0

  /** @param onNotTaken hears of each row, also of those that are not listed */
  constructor(file: string, onNotTaken: (row: NotTaken) => void) {
    this.#file = file
    this.#onNotTaken = onNotTaken
  }

  read(table: ImportedTable, unknownColumns: readonly string[]): void {
    this.#known.add(table)
    const counts = this.#of(table)
    counts.read += 1
    for (const column of unknownColumns) {
      if (counts.unknown.size >= mostColumns && !counts.unknown.has(column)) continue
      counts.unknown.set(column, (counts.unknown.get(column) ?? 0) + 1)
    }
  }

  /** A row of a table of which nothing is taken. */
  passed(table: string): void {
    this.#of(this.#tables.size >= mostTables && !this.#tables.has(table) ? '(others)' : table).read += 1
  }

  /** Something that could not even be read as a row. */
  unread(table: string, known: boolean): void {
    if (known) this.#known.add(table)
    this.#of(table).read += 1
  }

  add(table: string, outcome: 'taken' | 'there'): void {
    this.#of(table)[outcome] += 1
  }

  notTaken(row: Omit<NotTaken, 'file'>): void {
    const counts = this.#of(row.table)
    counts[row.outcome] += 1
    const told = { file: this.#file, ...row }
    this.#onNotTaken(told)
    if (counts.listed >= mostListed) {
      this.#notListed += 1
      return
    }
    counts.listed += 1
    this.#notTaken.push(told)
  }

  get taken(): number {
    return this.#tables.values().reduce((sum, { taken }) => sum + taken, 0)
  }

  get rows(): number {
    return this.#tables.values().reduce((sum, { read }) => sum + read, 0)
  }

  report(how: { readonly dryRun: boolean; readonly overwrite: boolean }): ImportReport {
    return {
      file: this.#file,
      dry_run: how.dryRun,
      overwrite: how.overwrite,
      tables: [...this.#tables].map(([table, { unknown, listed: _, ...counts }]) => ({
        table,
        ...counts,
        ...(this.#known.has(table)
          ? {}
          : { left_out: (Object.hasOwn(leftOut, table) ? leftOut[table] : undefined) ?? unknownTable }),
        unknown_columns: Object.fromEntries(unknown),
      })),
      not_taken: this.#notTaken,
      not_listed: this.#notListed,
    }
  }

  #of(table: string): Counts {
    return this.#tables.getOrInsertComputed(table, () => ({
      read: 0,
      taken: 0,
      there: 0,
      kept: 0,
      refused: 0,
      unknown: new Map<string, number>(),
      listed: 0,
    }))
  }
}
