import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { Failure } from '#shared/failure/failure.ts'

const written = /^(\d{16})\n(\d{16})\n$/

/**
 * Remembers, beside the database, the revision up to which appends were acknowledged. A database cannot notice that the end of its own
 * write-ahead log was cut off; with this number we do. It is not flushed to the disk: what it says is never more than what the
 * database made durable before, and after a loss of power it may only say less.
 */
export class Acknowledged implements Disposable {
  readonly #file: number

  /** Throws if the file can be neither opened nor made. */
  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  save(revision: number): void {
    const digits = String(revision).padStart(16, '0')
    try {
      // Twice, so that a torn write is seen.
      writeSync(this.#file, `${digits}\n${digits}\n`, 0)
    } catch {
      // The commit stands whatever becomes of this note; an older one only notices less.
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }
}

/**
 * Throws STORE_CORRUPT if the journal of `name` ends before what was acknowledged.
 * @param note where that was read
 * @param first what may bring it back
 */
export function refuseLoss(head: number, acknowledged: number, note: string, name: string, first: string): void {
  if (head >= acknowledged) return
  throw new Failure(
    'STORE_CORRUPT',
    `${name} ends at revision ${head}, but revision ${acknowledged} was acknowledged: its end is missing.`,
    { remedy: `${first}, or restore a backup; to go on without what is lost, remove ${note}.` },
  )
}

/** The revision that was acknowledged; 0 if nothing readable is there. */
export function acknowledgedRevision(path: string): number {
  const [, first, second] = written.exec(textOf(path)) ?? []
  return first !== undefined && first === second ? Number(first) : 0
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
