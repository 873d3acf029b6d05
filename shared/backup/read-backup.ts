import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { createZstdDecompress } from 'node:zlib'
import * as z from 'zod/mini'
import { Failure } from '../failure/failure.ts'
import {
  BackupHeader,
  type BackupPiece,
  BackupTrailer,
  backupVersion,
  TableEnd,
  TableStart,
  type Values,
} from './format.ts'
import { linesOf } from './lines.ts'

/**
 * The pieces of a backup, each told when it is known to be whole and as it was written, but for rows, which are when their table's `end`
 * is told. It ends after the trailer. Rejects with BACKUP_UNREADABLE (it is none), BACKUP_TOO_NEW, BACKUP_CUT or BACKUP_DAMAGED, or as
 * `source` does.
 * @param name of the file, for messages
 */
export async function* readBackup(source: Readable, name: string): AsyncGenerator<BackupPiece, void, undefined> {
  const reading = new BackupReader(name)
  const unpacked = createZstdDecompress()
  let broken: unknown
  // What is wrong is told by whoever reads the lines.
  pipeline(source, unpacked, (error) => {
    broken = error ?? undefined
  })
  try {
    for await (const lines of linesOf(unpacked, (bytes) => reading.leftOver(bytes))) yield* reading.take(lines)
  } catch (error) {
    throw reading.failureOf(source.errored ?? error)
  } finally {
    source.destroy()
  }
  if (broken !== undefined) throw reading.failureOf(broken)
  yield { kind: 'trailer', trailer: reading.end() }
}

/** Reads a file to its end. Resolves with what it says of itself; rejects as `readBackup` does, or with the reason of the signal. */
export async function checkBackup(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<{ readonly header: BackupHeader; readonly trailer: BackupTrailer }> {
  let header: BackupHeader | undefined
  let trailer: BackupTrailer | undefined
  for await (const piece of readBackup(openBackupFile(path), path)) {
    if (piece.kind === 'header') header = piece.header
    signal?.throwIfAborted()
    if (piece.kind === 'trailer') trailer = piece.trailer
  }
  if (!header || !trailer) throw cut(path)
  return { header, trailer }
}

/** A file to read a backup from. */
export function openBackupFile(path: string): Readable {
  return createReadStream(path, { highWaterMark: 256 * 1024 })
}

type TableUnderWay = { readonly name: string; readonly columns: number; readonly hash: Hash; rows: number }

/** Knows what must come next, and the hashes of what came. */
class BackupReader {
  readonly #name: string
  readonly #whole = createHash('sha256')
  #header: BackupHeader | undefined
  #table: TableUnderWay | undefined
  #rows = 0
  readonly #seen = new Set<string>()
  #trailer: BackupTrailer | undefined

  constructor(name: string) {
    this.#name = name
  }

  *take(lines: readonly Buffer[]): Generator<BackupPiece, void, undefined> {
    let rows: Values[] = []
    for (const line of lines) {
      if (this.#trailer) throw this.#damaged('something follows its trailer')
      const value = this.#parse(line)
      if (this.#table && Array.isArray(value)) {
        rows.push(this.#row(this.#table, value, line))
        continue
      }
      if (rows.length > 0) yield { kind: 'rows', rows }
      rows = []
      const piece = this.#other(value, line)
      if (piece) yield piece
    }
    if (rows.length > 0) yield { kind: 'rows', rows }
  }

  /** @param bytes that came after the last line feed */
  leftOver(bytes: number): void {
    if (bytes > 0 && this.#header) throw cut(this.#name)
    if (bytes > 0) throw this.#none()
  }

  /** Only at the end of the file it is known that the trailer was the last of it. */
  end(): BackupTrailer {
    if (!this.#trailer) throw cut(this.#name)
    return this.#trailer
  }

  failureOf(error: unknown): unknown {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'Z_BUF_ERROR' || code === 'ERR_STREAM_PREMATURE_CLOSE') return cut(this.#name)
    if (code === 'ZSTD_error_prefix_unknown' && !this.#header) return this.#none()
    if (/^Z_|^ZSTD_/.test(code) || error instanceof RangeError) return this.#damaged('it cannot be unpacked', error)
    if (error instanceof Failure || !/^E[A-Z]+$/.test(code)) return error
    return new Failure('BACKUP_UNREADABLE', `${this.#name} cannot be read`, {
      cause: error,
      remedy: 'Check that the file is there, and that you may read it.',
    })
  }

  #row(table: TableUnderWay, value: readonly unknown[], line: Buffer): Values {
    if (value.length !== table.columns) throw this.#damaged(`a row of ${table.name} has ${value.length} columns`)
    table.hash.update(line).update('\n')
    this.#whole.update(line).update('\n')
    table.rows += 1
    return value
  }

  #other(value: unknown, line: Buffer): BackupPiece | undefined {
    if (!this.#header) {
      this.#whole.update(line).update('\n')
      return { kind: 'header', header: this.#readHeader(value) }
    }
    if (this.#table) {
      const end = this.#read(TableEnd, value)
      const { name, hash, rows } = this.#table
      if (end.end !== name || end.rows !== rows || end.sha256 !== hash.digest('hex')) {
        throw this.#damaged(`the rows of ${name} are not those that were written`)
      }
      if (this.#header.rows[name] !== rows) throw this.#damaged(`${name} has ${rows} rows`)
      this.#whole.update(line).update('\n')
      this.#rows += rows
      this.#seen.add(name)
      this.#table = undefined
      return { kind: 'end', ...end }
    }
    const ends = z.safeParse(BackupTrailer, value)
    if (ends.success) {
      this.#readTrailer(ends.data.trailer, this.#header)
      return undefined
    }
    const { table, columns } = this.#read(TableStart, value)
    if (this.#seen.has(table)) throw this.#damaged(`${table} is in it twice`)
    this.#whole.update(line).update('\n')
    this.#table = { name: table, columns: columns.length, hash: createHash('sha256'), rows: 0 }
    return { kind: 'table', table, columns }
  }

  #readHeader(value: unknown): BackupHeader {
    const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined
    if (format !== 'heddle-backup') throw this.#none()
    const version = (value as { version?: unknown }).version
    if (typeof version === 'number' && version > backupVersion) {
      throw new Failure(
        'BACKUP_TOO_NEW',
        `${this.#name} has format ${version}; this version reads up to ${backupVersion}`,
      )
    }
    this.#header = this.#read(BackupHeader, value)
    return this.#header
  }

  #readTrailer(trailer: BackupTrailer, header: BackupHeader): void {
    const missing = Object.keys(header.rows).filter((table) => !this.#seen.has(table))
    if (missing.length > 0) throw this.#damaged(`${missing.join(', ')} is not in it`)
    if (trailer.rows !== this.#rows || trailer.sha256 !== this.#whole.digest('hex')) {
      throw this.#damaged('it is not as it was written')
    }
    this.#trailer = trailer
  }

  #parse(line: Buffer): unknown {
    try {
      return JSON.parse(line.toString('utf8'))
    } catch (cause) {
      throw this.#header ? this.#damaged('a line cannot be read', cause) : this.#none()
    }
  }

  #read<T extends z.core.$ZodType>(schema: T, value: unknown): z.core.output<T> {
    const { success, data } = z.safeParse(schema, value)
    if (success) return data
    throw this.#damaged('a line has another form')
  }

  #damaged(why: string, cause?: unknown): Failure {
    return new Failure('BACKUP_DAMAGED', `${this.#name} is damaged or was edited: ${why}`, { cause })
  }

  #none(): Failure {
    return new Failure('BACKUP_UNREADABLE', `${this.#name} is no backup of Heddle`)
  }
}

function cut(name: string): Failure {
  return new Failure('BACKUP_CUT', `${name} ends before its end`)
}
