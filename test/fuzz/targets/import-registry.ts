import { JsonRows } from '#cli/import/registry/json-rows.ts'
import { normalRow, tableOf } from '#cli/import/registry/normal-row.ts'
import type { FromFile } from '#cli/import/registry/raw-row.ts'
import { formOf } from '#cli/import/registry/read-file.ts'
import { SqlRows } from '#cli/import/registry/sql-rows.ts'
import { Failure } from '#shared/failure/failure.ts'
import { inPieces, piecesOf } from '../inputs/cut.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise, same } from '../inputs/promises.ts'
import { registryDumps } from '../inputs/registry-dumps.ts'
import { targetOf } from '../play/target.ts'

const tokens = [
  ...[
    "'",
    '`',
    '"',
    "''",
    "\\'",
    '\\',
    '$$',
    '$x$',
    '--',
    '/*',
    '*/',
    '/*!40101 ',
    '#',
    ';',
    '(',
    '),(',
    ',',
    'NULL',
    'DEFAULT',
  ],
  ...[
    'INSERT INTO services VALUES (',
    'COPY public.service_registry (id) FROM stdin;\n',
    '\\.\n',
    '\\N',
    "E'\\x41'",
    "_utf8mb4'",
    '0x41',
    "X'41'",
  ],
]

/** Dumps of a former registry, SQL and JSON: read the same however they are cut, and each row is taken or refused in words. */
export const target = targetOf({
  arbitrary: inPieces(
    mutated(
      registryDumps.map((text) => Buffer.from(text)),
      tokens,
    ),
  ),
  run: (input) => {
    const cut = read(piecesOf(input))
    same(cut, read([input.bytes]), 'in one piece')
    if (cut instanceof Failure) return 'refused'
    const reading = { zoneMinutes: 0, rules: new Map<string, string>() }
    for (const each of cut) {
      const table = each.kind === 'row' ? tableOf(each) : undefined
      if (!table || each.kind !== 'row') continue
      const row = normalRow(table, each, reading)
      promise(JSON.stringify(row).length < 8 * 1024 * 1024, 'a row grows')
    }
    return cut.some(({ kind }) => kind === 'row') ? 'taken' : 'refused'
  },
})

function read(pieces: readonly Buffer[]): readonly FromFile[] | Failure {
  try {
    const first = pieces.find(({ length }) => length > 0)
    // As with the first piece of a file, which is never as short as one of these.
    const reader = formOf(Buffer.concat(pieces).toString('latin1')) === 'json' ? new JsonRows() : new SqlRows(undefined)
    if (!first) return []
    return [...pieces.flatMap((piece) => reader.push(piece.toString('latin1'))), ...reader.end()]
  } catch (error) {
    // What the file says of itself is the same; how far it was read is not.
    if (error instanceof Failure && error.code.startsWith('IMPORT_')) return new Failure(error.code, '')
    throw error
  }
}
