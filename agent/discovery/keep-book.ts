import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as z from 'zod/mini'
import type { Logger } from '#shared/logging/logger.ts'
import { Book, emptyBook } from './book.ts'

const fileOf = (stateDir: string) => join(stateDir, 'discovered.json')

/** What this agent remembers of what it found; nothing if it never found anything. One that cannot be read is put aside. */
export async function readBook(stateDir: string, log: Logger): Promise<Book> {
  const file = fileOf(stateDir)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return emptyBook
  const result = z.safeParse(Book, parsed(text))
  if (result.success) return result.data
  const aside = `${file}.unreadable`
  await rename(file, aside).catch(() => {})
  log.error({ file, aside }, 'what was discovered earlier cannot be read; services are discovered anew')
  return emptyBook
}

/** Writes it aside, flushed, and renames: after a power cut there is the old one or the new one, whole. */
export async function writeBook(stateDir: string, book: Book): Promise<void> {
  const file = fileOf(stateDir)
  const aside = `${file}.new`
  await mkdir(stateDir, { recursive: true, mode: 0o755 })
  {
    await using handle = await open(aside, 'w', 0o640)
    await handle.writeFile(`${JSON.stringify(book, undefined, 2)}\n`)
    await handle.sync()
  }
  await rename(aside, file)
  await using folder = await open(dirname(file), 'r')
  await folder.sync()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
