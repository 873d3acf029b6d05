import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
import { GatewayFiles, Quarantined } from '#shared/protocol/gateway.ts'

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
  const kept = await readJson(join(folder, name), GoodSet)
  return kept.kind === 'read' ? kept.value : undefined
}

/** Keeps a set as the last good one: wholly or not at all, also when the power fails. */
export async function keepGood(folder: string, good: GoodSet): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeJson(join(folder, name), good, { mode: 0o600 })
}
