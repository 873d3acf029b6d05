/** A value as a file has it: undefined where it says nothing (DEFAULT). */
export type RawValue = string | number | boolean | null | undefined | object

export type FileForm = 'json' | 'sql'

/** What a file has of one row, by the names of its columns. */
export type RawRow = {
  readonly kind: 'row'
  readonly form: FileForm
  /** Without schema and quotes, in small letters; empty where the file does not say. */
  readonly table: string
  /** Where it begins, from 1. */
  readonly line: number
  readonly values: ReadonlyMap<string, RawValue>
  /** Columns whose times are in UTC though they do not say so. */
  readonly utc?: ReadonlySet<string>
}

/** What cannot be read, and why: a row, or a whole statement. */
export type Unread = {
  readonly kind: 'unread'
  readonly form: FileForm
  readonly table: string
  readonly line: number
  readonly reason: string
  readonly remedy: string
}

export type FromFile = RawRow | Unread

/** Reads a former registry piece by piece. Pieces are bytes as text (latin1). */
export type RowReader = {
  /** Throws IMPORT_UNREADABLE where nothing behind it could be trusted. */
  readonly push: (chunk: string) => readonly FromFile[]
  readonly end: () => readonly FromFile[]
}

/** Of a row, a text or an element: what is longer is refused. */
export const mostRowBytes = 512 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text that bytes are in UTF-8; undefined: they are none. */
export function utf8Text(bytes: string): string | undefined {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return undefined
  }
}
