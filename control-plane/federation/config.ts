import * as z from 'zod/mini'
import { duration, plainName } from '#shared/config/fields.ts'
import {
  defaultMargins,
  defaultRules,
  type FederationPolicy,
  FederationRule,
  otherwise,
} from '#shared/federation/policy.ts'

const service = () => z.string().check(z.minLength(1), z.maxLength(100))
const pattern = () =>
  z.string().check(z.maxLength(100), z.regex(/^[^*]+\*?$/, { error: 'expected a name, or its beginning and one "*"' }))
const positive = (most: number) => z.number().check(z.gte(0), z.lte(most))

const defaultEntries: Readonly<Record<string, string>> = { zervigo: 'api-gateway', looma: 'looma-api-gateway' }

/** Settings of the federation. Durations in milliseconds once read. */
export const FederationConfig = z
  .strictObject({
    /** In the order of preference: the first one wins a tie. */
    clusters: z._default(z.array(plainName()).check(z.minLength(1), z.maxLength(32)), ['zervigo', 'looma']),
    /** The service of each cluster that takes requests for the whole of it; left out: those of zervigo and looma. */
    entry: z.optional(z.record(z.string(), service())),
    /** Whose instances count as AI capacity: by type, or by the name of the service. */
    ai: z.prefault(
      z.strictObject({
        types: z._default(z.array(pattern()), ['ai', 'ai-service']),
        services: z._default(z.array(pattern()), ['ai-*', 'looma-ai-*']),
      }),
      {},
    ),
    /** Left out: the platform's. */
    rules: z.optional(z.array(FederationRule).check(z.maxLength(50))),
    margins: z.prefault(
      z.strictObject({
        health: z._default(positive(100), defaultMargins.health),
        ai_capacity: z._default(positive(10), defaultMargins.ai_capacity),
        load: z._default(positive(1), defaultMargins.load),
      }),
      {},
    ),
    /** A cluster that is better by less than the margin takes over when it has been so for this long. */
    patience: z._default(duration(), 30_000),
    /** Scores are made anew this often, besides whenever the fleet changes. */
    every: z._default(duration(100), 5_000),
  })
  .check((payload) => {
    const { clusters, entry = {}, rules = [] } = payload.value
    const problem = (path: (string | number)[], message: string) =>
      payload.issues.push({ code: 'custom', path, message, input: payload.value })
    if (new Set(clusters).size < clusters.length) problem(['clusters'], 'expected each cluster once')
    if (clusters.includes('auto')) problem(['clusters'], '"auto" stands for no cluster in particular')
    for (const name of Object.keys(entry)) {
      if (!clusters.includes(name)) problem(['entry', name], `there is no cluster "${name}"`)
    }
    const names = rules.map(({ name }) => name)
    for (const [index, rule] of rules.entries()) {
      if (rule.name === otherwise.name)
        problem(['rules', index, 'name'], `"${rule.name}" is what holds where no rule fits`)
      if (names.indexOf(rule.name) < index) problem(['rules', index, 'name'], `two rules are named "${rule.name}"`)
      if (rule.by !== 'load') continue
      for (const key of ['prefer', 'over'] as const) {
        if (!clusters.includes(rule[key])) problem(['rules', index, key], `there is no cluster "${rule[key]}"`)
      }
      if (rule.prefer === rule.over) problem(['rules', index, 'over'], 'expected another cluster than "prefer"')
    }
  })
export type FederationConfig = z.output<typeof FederationConfig>

/** What the configuration decides by. */
export function policyOf({ clusters, rules, margins }: FederationConfig): FederationPolicy {
  return { rules: [...(rules ?? defaultRules(clusters))], margins }
}

/** The entry service of each cluster that has one, by cluster. */
export function entriesOf({ clusters, entry = defaultEntries }: FederationConfig): ReadonlyMap<string, string> {
  return new Map(
    clusters.flatMap((name) => {
      const service = entry[name]
      return service === undefined ? [] : [[name, service] as const]
    }),
  )
}
