import { open } from 'node:fs/promises'
import { Failure } from '#shared/failure/failure.ts'
import { JsonRows } from './json-rows.ts'
import type { FileForm, FromFile, RowReader } from './raw-row.ts'
import { type Dialect, SqlRows } from './sql-rows.ts'

const pieceBytes = 64 * 1024

/** What a file begins with that is no text of ours, and what to do. */
const others: readonly { readonly starts: string; readonly what: string; readonly remedy: string }[] = [
  {
    starts: 'PGDMP',
    what: 'a dump in the custom format of PostgreSQL (-Fc)',
    remedy: 'Make SQL of it: pg_restore -f dump.sql <file>, or dump with pg_dump -Fp.',
  },
  {
    starts: 'toc.dat\0',
    what: 'a dump in the tar format of PostgreSQL (-Ft)',
    remedy: 'Make SQL of it: pg_restore -f dump.sql <file>, or dump with pg_dump -Fp.',
  },
  { starts: '\x1f\x8b', what: 'compressed by gzip', remedy: 'Unpack it first: gzip -d.' },
  {
    starts: '\x28\xb5\x2f\xfd',
    what: 'compressed by zstd',
    remedy: 'Unpack it first: zstd -d. A backup of Heddle is not imported but restored: heddle-plane restore.',
  },
  { starts: 'BZh', what: 'compressed by bzip2', remedy: 'Unpack it first: bzip2 -d.' },
  { starts: '\xfd7zXZ', what: 'compressed by xz', remedy: 'Unpack it first: xz -d.' },
  { starts: 'PK\x03\x04', what: 'a zip archive', remedy: 'Unpack it first: unzip.' },
  {
    starts: 'SQLite format 3\0',
    what: 'a database of SQLite',
    remedy: 'Dump it: sqlite3 <file> .dump > dump.sql, and import that with --dialect postgresql.',
  },
]

/** What a file of a former registry holds, piece by piece. Rejects with IMPORT_UNREADABLE, IMPORT_ENCODING or IMPORT_CUT. */
export async function* readFormerRegistry(
  file: string,
  dialect: Dialect | undefined,
): AsyncGenerator<readonly FromFile[], void, undefined> {
  await using handle = await open(file).catch((cause: unknown) => {
    throw new Failure('IMPORT_UNREADABLE', `cannot read ${file}`, { cause, remedy: 'Name a file that can be read.' })
  })
  let reader: RowReader | undefined
  try {
    const isFile = (await handle.stat()).isFile()
    if (!isFile)
      throw new Failure('IMPORT_UNREADABLE', 'it is no file, and is read more than once', { remedy: fileRemedy })
    for await (const piece of handle.createReadStream({ autoClose: false, highWaterMark: pieceBytes })) {
      const bytes: Buffer = piece
      let text = bytes.toString('latin1')
      if (!reader) {
        text = text.replace(/^\xef\xbb\xbf/, '')
        reader = formOf(text) === 'json' ? new JsonRows() : new SqlRows(dialect)
      }
      const rows = reader.push(text)
      if (rows.length > 0) yield rows
    }
    if (!reader) throw new Failure('IMPORT_CUT', 'it is empty')
    const rest = reader.end()
    if (rest.length > 0) yield rest
  } catch (error) {
    if (!(error instanceof Failure) || !error.code.startsWith('IMPORT_')) throw error
    const { code, message, remedy, cause } = error
    throw new Failure(code, `${file}: ${message}`, { remedy, cause })
  }
}

const fileRemedy = 'Write what it gives to a file first, and import that.'

/** Whether it is JSON or SQL, by its beginning. Throws IMPORT_UNREADABLE or IMPORT_ENCODING. */
export function formOf(beginning: string): FileForm {
  const other = others.find(({ starts }) => beginning.startsWith(starts))
  if (other) throw new Failure('IMPORT_UNREADABLE', `it is ${other.what}`, { remedy: other.remedy })
  if (/^(\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0])/.test(beginning)) {
    throw new Failure('IMPORT_ENCODING', 'it is in UTF-16', { remedy: 'Convert it: iconv -f UTF-16 -t UTF-8.' })
  }
  const first = /\S/.exec(beginning)?.[0] ?? ''
  return first === '{' || first === '[' ? 'json' : 'sql'
}
