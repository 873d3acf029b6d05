import * as z from 'zod/mini'
import { duration, plainName } from '#shared/config/fields.ts'
import { matcher } from './pattern.ts'

const second = 1000

/** `*` stands for any characters; a rule that names both wants both. */
const ForeignRule = z.strictObject({ service: z.optional(z.string()), tag: z.optional(z.string()) })
export type ForeignRule = z.output<typeof ForeignRule>

const rules = () => z._default(z.array(ForeignRule).check(z.minLength(1)), [{}])

/** What is done about the services that others have registered in a datacenter. Durations in milliseconds once read. */
export const ForeignPolicy = z.strictObject({
  /** Whether they are read: what is not read is neither listed nor copied. */
  read: z._default(z.boolean(), true),
  /** Those that are listed. */
  select: rules(),
  /** Names of services that never are, whatever `select` says; mesh proxies and gateways never are either. */
  leave_out: z._default(z.array(z.string()), ['consul', '*-sidecar-proxy']),
  /** Other datacenters that show them too, as copies under our names. */
  copy_to: z._default(z.array(z.strictObject({ datacenter: plainName(), select: rules() })), []),
  /** Instances that are kept; more are only counted. */
  most: z._default(z.int().check(z.gte(1), z.lte(100_000)), 5_000),
  /** How often all services are read, besides whenever Consul says that some changed. */
  every: z._default(duration(second), 60 * second),
  /** How often their health is asked for: one request. */
  health_every: z._default(duration(100), 5 * second),
})
export type ForeignPolicy = z.output<typeof ForeignPolicy>

export type SelectsForeign = (record: { readonly service: string; readonly tags: readonly string[] }) => boolean

/** Whether a record fits one of the rules. */
export function selectsForeign(rules: readonly ForeignRule[]): SelectsForeign {
  const fits = rules.map(({ service = '*', tag }) => ({
    service: matcher(service),
    tag: tag === undefined ? undefined : matcher(tag),
  }))
  return ({ service, tags }) => fits.some((rule) => rule.service(service) && (!rule.tag || tags.some(rule.tag)))
}
