import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod/mini'

const reason = z.string().check(z.minLength(20))

/** What may be shipped, as policy.yaml says. */
export const Policy = z.strictObject({
  licences: z.array(z.string()).check(z.minLength(1)),
  scripts: z.record(z.string(), z.strictObject({ runs: z.boolean(), because: reason })),
  findings: z.array(
    z.strictObject({
      advisory: z.string().check(z.regex(/^(?:GHSA|CVE)-[A-Za-z0-9-]+$/)),
      package: z.string(),
      because: reason,
      until: z.iso.date(),
    }),
  ),
})
export type Policy = z.infer<typeof Policy>

/** Explanations are looked at anew at least so often. */
const longestDays = 180

export async function readPolicy(): Promise<Policy> {
  return z.parse(Policy, parse(await readFile(join(import.meta.dirname, 'policy.yaml'), 'utf8')))
}

/** What is wrong with the explanations themselves at a time (epoch milliseconds): one is over, or would hold for longer than any may. */
export function wrongFindings({ findings }: Pick<Policy, 'findings'>, now: number): readonly string[] {
  return findings.flatMap(({ advisory, until }) => {
    const days = (Date.parse(until) - now) / 86_400_000
    if (days < 0) return [`${advisory} was explained until ${until}: look at it anew`]
    return days > longestDays ? [`${advisory} is explained until ${until}: for more than ${longestDays} days`] : []
  })
}

/** Whether a licence, or an expression of SPDX such as `(MIT OR CC0-1.0)`, lets a package be shipped. */
export function isAllowedLicence(expression: string, allowed: readonly string[]): boolean {
  const plain = expression.replace(/^\((.*)\)$/, '$1')
  // Nested expressions are rare enough to be looked at by a person.
  if (/[()]/.test(plain)) return false
  return plain.split(/ OR /).some((choice) => choice.split(/ AND /).every((each) => allowed.includes(each.trim())))
}

export type Weakness = {
  readonly advisory: string
  readonly package: string
  readonly severity: string
  readonly title: string
}

const grave = new Set(['high', 'critical'])

/** Weaknesses above medium that nobody has explained, or whose explanation is over. */
export function unexplained(
  found: readonly Weakness[],
  { findings }: Pick<Policy, 'findings'>,
  now: number,
): readonly Weakness[] {
  return found.filter(({ severity, advisory, package: name }) => {
    if (!grave.has(severity)) return false
    const explained = findings.find((each) => each.advisory === advisory && each.package === name)
    return explained === undefined || Date.parse(explained.until) < now
  })
}
