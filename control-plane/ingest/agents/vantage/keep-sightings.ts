import { open, readFile, rename } from 'node:fs/promises'
import * as z from 'zod/mini'
import type { Sightings } from './sightings.ts'

const Stored = z.array(
  z.object({
    instance: z.string(),
    target: z.string(),
    vantage: z.object({ id: z.string(), machine: z.string(), site: z.string() }),
    at: z.number(),
  }),
)

/**
 * Takes up the sightings of the process before, so that a host that dies while the plane is away still has its vantages. A file that
 * is not there or cannot be read only means that nobody has seen anything yet.
 */
export async function restoreSightings(path: string, sightings: Sightings): Promise<void> {
  try {
    const stored = z.parse(Stored, JSON.parse(await readFile(path, 'utf8')))
    sightings.restore(stored, performance.now(), Date.now())
  } catch {
    // The survey finds out anew.
  }
}

/** Writes them aside and renames them into place. Rejects when that cannot be done. */
export async function keepSightings(path: string, sightings: Sightings, validForMs: number): Promise<void> {
  const stored = sightings.stored(performance.now(), Date.now(), validForMs)
  const aside = `${path}.new`
  {
    await using file = await open(aside, 'w', 0o600)
    await file.writeFile(JSON.stringify(stored))
    await file.sync()
  }
  await rename(aside, path)
}
