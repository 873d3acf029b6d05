import * as z from 'zod/mini'
import type { Weakness } from '../supply-chain/policy.ts'

const Report = z.looseObject({
  matches: z.array(
    z.looseObject({
      vulnerability: z.looseObject({
        id: z.string(),
        severity: z.string(),
        description: z.optional(z.string()),
        fix: z.optional(z.looseObject({ state: z.optional(z.string()) })),
      }),
      artifact: z.looseObject({ name: z.string(), version: z.string() }),
    }),
  ),
})

/** What a scanner (Grype, in JSON) found in the bill of an image, once each. Throws where that is no such report. */
export function readFindings(text: string): readonly Weakness[] {
  const found = z.parse(Report, JSON.parse(text)).matches.map(({ vulnerability, artifact }) => ({
    advisory: vulnerability.id,
    package: artifact.name,
    severity: vulnerability.severity.toLowerCase(),
    title: `${artifact.version}, ${vulnerability.fix?.state ?? 'unknown'}: ${vulnerability.description ?? ''}`.slice(
      0,
      200,
    ),
  }))
  return [...new Map(found.map((each) => [`${each.advisory} ${each.package}`, each])).values()]
}
