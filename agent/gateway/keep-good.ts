import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { GatewayFiles, Quarantined } from '#shared/protocol/gateway.ts'
import { flushFolder, writeFlushed } from './place.ts'

/** The newest set that was proven: what the plane sent, and the files that served because of it. */
export const GoodSet = z.object({
  format: z.literal(1),
  set: GatewayFiles,
  files: z.record(z.string(), z.string()),
  quarantined: z.array(Quarantined),
})
export type GoodSet = z.infer<typeof GoodSet>

const name = 'set.json'

/** The last good set; undefined where there is none that can be read. */
export async function readGood(folder: string): Promise<GoodSet | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return z.parse(GoodSet, JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Keeps a set as the last good one: wholly or not at all, also when the power fails. */
export async function keepGood(folder: string, good: GoodSet): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFlushed(join(folder, `${name}.new`), JSON.stringify(good), 0o600)
  await rename(join(folder, `${name}.new`), join(folder, name))
  await flushFolder(folder)
}
