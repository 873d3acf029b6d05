import * as z from 'zod/mini'
import { plainName } from '../config/fields.ts'

const patternError = 'expected a type such as "resume", or its beginning and one "*" at the end'
const types = () =>
  z
    .array(z.string().check(z.maxLength(100), z.regex(/^[^*]+\*?$/, { error: patternError })))
    .check(z.minLength(1, { error: 'expected at least one type' }))
const name = plainName
const share = (least: number, most: number, error: string) =>
  z.number().check(z.gte(least, { error }), z.lte(most, { error }))

/** For which types of requests a rule holds, and what it goes by. */
export const FederationRule = z.discriminatedUnion('by', [
  z.strictObject({ name: name(), types: types(), by: z.literal('health') }),
  z.strictObject({ name: name(), types: types(), by: z.literal('ai_capacity') }),
  /** `prefer` only while its load is under `under` times that of `over`; else `over`. */
  z.strictObject({
    name: name(),
    types: types(),
    by: z.literal('load'),
    prefer: name(),
    over: name(),
    under: z._default(share(0.01, 1, 'expected 0.01 to 1'), 0.8),
  }),
])
export type FederationRule = z.infer<typeof FederationRule>

/** How much better another cluster must be before it takes over at once; one that is only a little better must be so for `after_ms`. */
export const FederationMargins = z.object({
  /** Points of the health score. */
  health: z.number(),
  /** Share of the capacity of the cluster that answers now. */
  ai_capacity: z.number(),
  /** Taken off the `under` of a rule by load for the cluster that it prefers to come in; to leave there is none. */
  load: z.number(),
})
export type FederationMargins = z.infer<typeof FederationMargins>

/** What decides, as data. */
export const FederationPolicy = z.object({ rules: z.array(FederationRule), margins: FederationMargins })
export type FederationPolicy = z.infer<typeof FederationPolicy>

/** What holds where no rule names a type. */
export const otherwise: FederationRule = { name: 'other', types: ['*'], by: 'health' }

export const defaultMargins: FederationMargins = { health: 5, ai_capacity: 0.1, load: 0.05 }

/** The platform's rules; the one between zervigo and looma only where both are configured. */
export function defaultRules(clusters: readonly string[]): readonly FederationRule[] {
  const between: FederationRule = {
    name: 'resume',
    types: ['resume', 'resume-processing', 'resume-service', 'looma-resume-api'],
    by: 'load',
    prefer: 'zervigo',
    over: 'looma',
    under: 0.8,
  }
  return [
    {
      name: 'user-management',
      types: ['user', 'user-management', 'user-service', 'basic-server', 'basic-server-*'],
      by: 'health',
    },
    { name: 'ai', types: ['ai', 'ai-processing', 'ai-service', 'ai-*', 'looma-ai-*'], by: 'ai_capacity' },
    ...(clusters.includes(between.prefer) && clusters.includes(between.over) ? [between] : []),
  ]
}

/** The first rule that names a type of request. */
export function ruleFor(type: string, rules: readonly FederationRule[]): FederationRule {
  return rules.find((rule) => rule.types.some((pattern) => fits(pattern, type))) ?? otherwise
}

function fits(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}
