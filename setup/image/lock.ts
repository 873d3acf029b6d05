import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'

const Entry = z.strictObject({
  name: z.string(),
  version: z.string(),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  /** Why it is in the image. */
  because: z.string(),
})
export type DebianPackage = z.infer<typeof Entry>

/** The Debian packages of which the images are made: by architecture, as Debian names those. */
export const Lock = z.strictObject({ suite: z.string(), amd64: z.array(Entry), arm64: z.optional(z.array(Entry)) })
export type Lock = z.infer<typeof Lock>

export const lockFile = join(import.meta.dirname, 'debian.lock.json')

export async function readLock(): Promise<Lock> {
  return z.parse(Lock, JSON.parse(await readFile(lockFile, 'utf8')))
}

/** As Debian calls the architecture of this machine; undefined: one for which no images are made. */
export function debianArchitecture(arch: string): 'amd64' | 'arm64' | undefined {
  return arch === 'x64' ? 'amd64' : arch === 'arm64' ? 'arm64' : undefined
}
