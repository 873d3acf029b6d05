import * as z from 'zod/mini'
import { readJson, writeJson } from '#shared/files/keep-json.ts'
import type { Revocation } from '../fleet/identity.ts'
import type { RevocationCopy } from './identities.ts'

const about = { subject: z.string(), at: z.number(), by: z.string(), why: z.string(), endsAt: z.number() }
const Row = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('enrolment'), ...about, node: z.string(), enrolment: z.int() }),
  z.object({ kind: z.literal('serial'), ...about, node: z.string(), serial: z.string() }),
  z.object({ kind: z.literal('held'), ...about, until: z.number() }),
  z.object({ kind: z.literal('released'), ...about, until: z.number() }),
])
export const RevocationRows = z.array(Row)
const Kept = z.object({ installation: z.string(), revocations: RevocationRows })

/** Revocations in a file beside the secret, which no restored backup touches. What is of another installation does not count. */
export function revocationFile(path: string, installation: string): RevocationCopy {
  return {
    name: path,
    async read(): Promise<readonly Revocation[]> {
      const kept = await readJson(path, Kept)
      if (kept.kind === 'missing') return []
      if (kept.kind !== 'read') throw kept.error
      return kept.value.installation === installation ? kept.value.revocations : []
    },
    write: (revocations) => writeJson(path, { installation, revocations }, { mode: 0o600 }),
  }
}
