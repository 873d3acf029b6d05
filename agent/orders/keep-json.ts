import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as z from 'zod/mini'
import type { Logger } from '#shared/logging/logger.ts'

/** What a file holds: nothing if there is none; one that cannot be read is put aside. */
export async function readJson<T extends z.core.$ZodType>(
  file: string,
  schema: T,
  log: Logger,
): Promise<
  | { readonly kind: 'read'; readonly value: z.core.output<T> }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable' }
> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return { kind: 'missing' }
    log.error({ err, file }, 'a file of the agent cannot be read')
    return { kind: 'unreadable' }
  }
  const result = z.safeParse(schema, parsed(text))
  if (result.success) return { kind: 'read', value: result.data }
  const aside = `${file}.unreadable`
  await rename(file, aside).catch(() => {})
  log.error({ file, aside }, 'a file of the agent is damaged; it is put aside')
  return { kind: 'unreadable' }
}

/** Written aside, flushed, renamed: after a power cut there is the old one or the new one, whole. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  const aside = `${file}.new`
  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  {
    await using handle = await open(aside, 'w', 0o640)
    await handle.writeFile(`${JSON.stringify(value)}\n`)
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
