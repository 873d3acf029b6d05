import type { ImportReport, TableTally } from '../import/registry/tally.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'
import { count } from './text.ts'

const mostShown = 20

/** What became of the rows of a former registry: figures for each table, then what was not taken, and why. */
export function showRegistryImport(report: ImportReport, style: Style): string {
  const { tables, not_taken: notTaken, not_listed: notListed, dry_run: dryRun } = report
  const figures = table(
    [
      { head: 'TABLE' },
      { head: 'READ', align: 'right' },
      { head: dryRun ? 'WOULD TAKE' : 'TAKEN', align: 'right' },
      { head: 'THERE', align: 'right' },
      { head: 'KEPT', align: 'right' },
      { head: 'REFUSED', align: 'right' },
    ],
    tables.map(({ table: name, read, taken, there, kept, refused, left_out: leftOut }) =>
      leftOut === undefined
        ? [name, ...[read, taken, there, kept, refused].map(String)]
        : [name, String(read), '-', '-', '-', '-'],
    ),
    style,
  )
  const shown = notTaken.slice(0, mostShown)
  const more = notTaken.length - shown.length + notListed
  return [
    tables.length === 0 ? 'The file has no rows.' : figures,
    ...remarks(tables),
    ...part(
      `${count(notTaken.length + notListed, 'row')} not taken:`,
      shown.flatMap(({ file, line, table: name, key, outcome, reason, remedy }) => [
        `${file}:${line} ${[name, key].filter(Boolean).join(' ')}: ${outcome}: ${reason}`,
        ...(remedy === '' ? [] : [`    ${remedy}`]),
      ]),
      style,
    ),
    ...(more > 0 ? [`  ... and ${more} more; --report <file> writes them all`] : []),
    '',
    outcomeOf(report),
  ].join('\n')
}

function remarks(tables: readonly TableTally[]): readonly string[] {
  const lines = tables.flatMap(({ table: name, left_out: leftOut, unknown_columns: unknown }) => {
    const columns = Object.entries(unknown).map(([column, rows]) => `${column} (${count(rows, 'row')})`)
    return [
      ...(leftOut === undefined ? [] : [`  ${name}: ${leftOut}`]),
      ...(columns.length === 0 ? [] : [`  ${name}: columns that are not read: ${columns.join(', ')}`]),
    ]
  })
  return lines.length === 0 ? [] : ['', 'Left out:', ...lines]
}

function part(head: string, lines: readonly string[], { paint }: Style): readonly string[] {
  return lines.length === 0 ? [] : ['', paint(head, 'doubtful'), ...lines.map((line) => `  ${line}`)]
}

function outcomeOf({ tables, dry_run: dryRun }: ImportReport): string {
  const sum = (figure: 'taken' | 'there' | 'kept' | 'refused') => tables.reduce((all, each) => all + each[figure], 0)
  const [taken, there, not] = [sum('taken'), sum('there'), sum('kept') + sum('refused')]
  const rest = `${there} already there, ${not} not taken`
  return dryRun ? `Would take ${taken}; ${rest}. Nothing is changed.` : `Taken ${taken}; ${rest}.`
}
