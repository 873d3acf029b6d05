import * as z from 'zod/mini'
import { ReleaseManifest, SignedRelease } from './release.ts'

/** What an agent and the installer of its host, which runs as root, say to each other: by two files. */

/** In the agent's folder: what is to be installed. */
export const Wanted = z.strictObject({
  format: z.literal(1),
  /** Another one, another try. */
  id: z.string().check(z.regex(/^[a-z0-9-]{1,64}$/)),
  signed: SignedRelease,
})
export type Wanted = z.infer<typeof Wanted>

/** In the installer's folder: what became of it. */
export const Outcome = z.strictObject({
  format: z.literal(1),
  /** idle: nothing was wanted yet · installing · done: the new agent is well · refused: nothing was done · returned: the former one is back */
  stage: z.enum(['idle', 'installing', 'done', 'refused', 'returned']),
  /** Of what was wanted; empty: nothing was. */
  id: z.string(),
  version: z.union([z.literal(''), ReleaseManifest.shape.version]),
  code: z.string(),
  why: z.string(),
})
export type Outcome = z.infer<typeof Outcome>

export const wantedName = 'wanted.json'

/** The name of a file by its content, in the agent's folder. */
export function packageName(sha256: string): string {
  return `${sha256}.deb`
}
