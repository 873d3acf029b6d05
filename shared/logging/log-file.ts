import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { explainError } from '../failure/failure.ts'
import type { LogFileConfig } from './config.ts'
import { type LogPart, partName, partsToRemove, readPartName } from './log-parts.ts'

export type LogFileAround = {
  /** Epoch milliseconds, for the day. */
  readonly now: () => number
  /** Where lines go while the file cannot be written. */
  readonly instead: (line: string) => void
}

const tryAgainAfterMs = 10_000
/** A line that is longer than this is cut: no line may take all the room. */
const mostLineBytes = 256 * 1024

/**
 * A log in a file of bounded size: a part a day, and all parts together never beyond the bound. A disk that is full or gone stops nobody:
 * lines go elsewhere until it takes them again. It writes at once, so that the last line before a crash is there.
 */
export class LogFile {
  readonly #path: string
  readonly #most: number
  readonly #around: LogFileAround
  #file: number | undefined
  #day = ''
  #bytes = 0
  #closed: readonly LogPart[] = []
  #failedAt = Number.NEGATIVE_INFINITY

  constructor({ path, most_megabytes }: LogFileConfig, around: LogFileAround) {
    this.#path = path
    this.#most = most_megabytes * 1024 * 1024
    this.#around = around
  }

  /** Writes a line with its end; never throws. */
  write(line: string): void {
    const { now, instead } = this.#around
    if (this.#file === undefined && now() - this.#failedAt < tryAgainAfterMs) {
      instead(line)
      return
    }
    try {
      const bytes = bytesOf(line)
      this.#file ??= this.#open()
      this.#makeRoom(bytes.length)
      writeWhole(this.#file, bytes)
      this.#bytes += bytes.length
    } catch (error) {
      if (now() - this.#failedAt >= tryAgainAfterMs) {
        const told = { level: 'warn', time: new Date(now()).toISOString(), msg: 'the log file cannot be written' }
        instead(`${JSON.stringify({ ...told, file: this.#path, err: { message: explainError(error) } })}\n`)
      }
      this.#failedAt = now()
      this.#close()
      instead(line)
    }
  }

  [Symbol.dispose](): void {
    this.#close()
  }

  #open(): number {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o750 })
    const file = openSync(this.#path, 'a', 0o640)
    const { size, mtimeMs } = fstatSync(file)
    this.#bytes = size
    this.#day = dayOf(size > 0 ? mtimeMs : this.#around.now())
    this.#closed = this.#partsThere()
    return file
  }

  #makeRoom(bytes: number): void {
    const today = dayOf(this.#around.now())
    if (this.#bytes > 0 && (this.#day !== today || this.#bytes + bytes > this.#most / 5)) this.#turn()
    this.#day = today
    for (const { name } of partsToRemove(this.#closed, this.#bytes + bytes, this.#most)) {
      rmSync(join(dirname(this.#path), name), { force: true })
      this.#closed = this.#closed.filter((part) => part.name !== name)
    }
  }

  /** Closes the part and begins the next one. */
  #turn(): void {
    const before = this.#closed.filter(({ day }) => day === this.#day).map(({ number }) => number)
    const number = Math.max(0, ...before) + 1
    const name = partName(basename(this.#path), this.#day, number)
    renameSync(this.#path, join(dirname(this.#path), name))
    this.#closed = [...this.#closed, { name, day: this.#day, number, bytes: this.#bytes }]
    this.#close()
    this.#file = openSync(this.#path, 'a', 0o640)
    this.#bytes = 0
  }

  #partsThere(): readonly LogPart[] {
    const folder = dirname(this.#path)
    return readdirSync(folder).flatMap((name) => {
      const part = readPartName(basename(this.#path), name)
      return part ? [{ ...part, bytes: statSync(join(folder, name)).size }] : []
    })
  }

  #close(): void {
    const file = this.#file
    this.#file = undefined
    if (file === undefined) return
    try {
      closeSync(file)
    } catch {
      // It is gone either way, and nobody can do anything about it.
    }
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  let written = 0
  while (written < bytes.length) written += writeSync(file, bytes, written)
}

function bytesOf(line: string): Buffer {
  const bytes = Buffer.from(line)
  return bytes.length <= mostLineBytes
    ? bytes
    : Buffer.concat([bytes.subarray(0, mostLineBytes - 1), Buffer.from('\n')])
}

/** The day of a moment, UTC: `2026-11-22` */
function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
