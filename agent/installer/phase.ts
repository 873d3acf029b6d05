import * as z from 'zod/mini'
import { ReleaseManifest } from '#shared/protocol/release.ts'

/** How far an installation is, on disk before each step is begun: whoever finds it goes on from there. */
export const Installation = z.strictObject({
  format: z.literal(1),
  id: z.string(),
  version: ReleaseManifest.shape.version,
  sha256: ReleaseManifest.shape.sha256,
  /** staged: judged, and nothing was changed · installing · proving: the new one runs, or should · returning: the former one is put back */
  phase: z.enum(['staged', 'installing', 'proving', 'returning']),
  /** How often installing was begun. */
  tries: z.int(),
  /** The agent was in contact with a plane before; then it must be so after. */
  connected: z.boolean(),
  /** Why it is returned; empty: it is not. */
  code: z.string(),
  why: z.string(),
})
export type Installation = z.infer<typeof Installation>

/** What came of a step. */
export type StepEnd = { readonly kind: 'went' } | { readonly kind: 'failed'; readonly why: string }

export type Next =
  | { readonly do: 'install' | 'prove' | 'return'; readonly as: Installation }
  | { readonly do: 'end'; readonly stage: 'done' | 'returned'; readonly as: Installation }

const mostTries = 2

/**
 * The next step, and the record that is written before it is begun. Undefined `end`: whoever was at it is gone, and nobody knows how far
 * the step came, so it is done again; an installation that was broken off twice is taken back.
 */
export function nextStep(record: Installation, end: StepEnd | undefined): Next {
  const returning = (code: string, why: string): Next => ({
    do: 'return',
    as: { ...record, phase: 'returning', code, why },
  })
  switch (record.phase) {
    case 'staged':
      return { do: 'install', as: { ...record, phase: 'installing', tries: 1 } }
    case 'installing':
      if (end?.kind === 'went') return { do: 'prove', as: { ...record, phase: 'proving' } }
      if (end?.kind === 'failed') return returning('UPGRADE_PACKAGE', end.why)
      if (record.tries < mostTries) return { do: 'install', as: { ...record, tries: record.tries + 1 } }
      return returning('UPGRADE_PACKAGE', `it was broken off ${record.tries} times`)
    case 'proving':
      if (end?.kind === 'went') return { do: 'end', stage: 'done', as: record }
      if (end?.kind === 'failed') return returning('UPGRADE_RETURNED', end.why)
      return { do: 'prove', as: record }
    case 'returning':
      if (end === undefined) return { do: 'return', as: record }
      return {
        do: 'end',
        stage: 'returned',
        as:
          end.kind === 'went'
            ? record
            : { ...record, why: `${record.why}; and the former one could not be put back: ${end.why}` },
      }
  }
}
