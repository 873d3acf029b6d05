import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
import { compareVersions } from '#shared/protocol/compare-versions.ts'
import { ReleaseManifest } from '#shared/protocol/release.ts'

const Floor = z.strictObject({ format: z.literal(1), version: ReleaseManifest.shape.version })
const file = (stateDir: string) => join(stateDir, 'upgrade-floor.json')

/**
 * The version below which nothing is installed: the newest that has run here or was let in. Undefined: it is kept, and cannot be read.
 * @param running the version that runs, which counts in any case
 */
export async function readFloor(stateDir: string, running: string): Promise<string | undefined> {
  const kept = await readJson(file(stateDir), Floor)
  if (kept.kind === 'missing') return running
  if (kept.kind !== 'read') return undefined
  return newer(kept.value.version, running)
}

/** Has nothing older than this be installed from now on. It only rises. Rejects where the disk does not keep it, or what it kept cannot be read. */
export async function raiseFloor(stateDir: string, version: string): Promise<void> {
  const floor = await readFloor(stateDir, version)
  if (floor === undefined) throw new Error(`${file(stateDir)} cannot be read`)
  const kept = await readJson(file(stateDir), Floor)
  if (kept.kind === 'read' && kept.value.version === floor) return
  await mkdir(stateDir, { recursive: true, mode: 0o755 })
  await writeJson(file(stateDir), { format: 1, version: floor } satisfies z.infer<typeof Floor>)
}

function newer(a: string, b: string): string {
  return compareVersions(a, b) >= 0 ? a : b
}
