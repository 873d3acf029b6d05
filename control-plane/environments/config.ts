import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'

const minute = 60_000
const day = 24 * 60 * minute
const path = () =>
  z.string().check(z.regex(/^(\/[\w.-]{1,100}){1,10}$/, { error: 'expected a path such as "/api/users"' }))

/** Settings of the environments of users. Durations in milliseconds once read. */
export const EnvironmentsConfig = z.strictObject({
  /** Instances of which type are Basic Servers; those without a type by the service's name, which begins so. */
  server_type: z._default(z.string().check(z.minLength(1), z.maxLength(100)), 'basic-server'),
  /** How much a Basic Server takes that does not say so itself. */
  capacity: z._default(z.int().check(z.gte(0), z.lte(1_000_000)), 10),
  /** How long an environment lasts unless it is said; left out: until it is released. */
  lifetime: z.optional(duration(minute)),
  /** For how long those that have ended are shown. */
  kept_for: z._default(duration(minute), 30 * day),
  /** Where Zervi's users are. */
  users_path: z._default(path(), '/api/users'),
  /** How often a step is tried before everything is undone. */
  tries: z._default(z.int().check(z.gte(1), z.lte(20)), 3),
})
export type EnvironmentsConfig = z.output<typeof EnvironmentsConfig>
