import { openSqlite } from '#control-plane/journal/sqlite/open-sqlite.ts'
import type { Store } from '#control-plane/journal/store.ts'
import { createLogger, type Logger } from '#shared/logging/logger.ts'

/** A real store that nobody keeps, in this thread. */
export function memoryStore(): Promise<Store> {
  return openSqlite({ path: ':memory:', mostBytes: undefined })
}

export type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>

/** A logger, and what was logged. */
export function logLines(): { readonly log: Logger; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const log = createLogger(
    { name: 'test', level: 'trace' },
    { write: (line) => lines.push(JSON.parse(line) as LogLine) },
  )
  return { log, lines }
}
