import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readOrPutAside, writeJson } from '#shared/files/keep-json.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { Book, emptyBook } from './book.ts'

const fileOf = (stateDir: string) => join(stateDir, 'discovered.json')

/** What this agent remembers of what it found; nothing if it never found anything. One that cannot be read is put aside. */
export async function readBook(stateDir: string, log: Logger): Promise<Book> {
  const consequence = 'what was discovered earlier cannot be read; services are discovered anew'
  const kept = await readOrPutAside(fileOf(stateDir), Book, log, consequence)
  return kept.kind === 'read' ? kept.value : emptyBook
}

/** After a power cut there is the old one or the new one, whole. */
export async function writeBook(stateDir: string, book: Book): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: 0o755 })
  await writeJson(fileOf(stateDir), book, { indent: 2 })
}
