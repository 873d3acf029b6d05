import * as z from 'zod/mini'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
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
  const kept = await readJson(path, Stored)
  if (kept.kind === 'read') sightings.restore(kept.value, performance.now(), Date.now())
}

/** Rejects when the disk does not take them. */
export async function keepSightings(path: string, sightings: Sightings, validForMs: number): Promise<void> {
  await writeJson(path, sightings.stored(performance.now(), Date.now(), validForMs), { mode: 0o600 })
}
