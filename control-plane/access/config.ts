import * as z from 'zod/mini'
import { duration, httpUrl } from '#shared/config/fields.ts'
import { OidcConfig } from '../sign-in/config.ts'

const second = 1000
const minute = 60 * second
const hour = 3_600 * second
const day = 24 * hour

/** Calls in the long run, and at once. */
const rate = () =>
  z.strictObject({
    per_second: z.number().check(z.gte(0.01), z.lte(1_000_000)),
    burst: z.int().check(z.gte(1), z.lte(1_000_000)),
  })

/** Settings of who may do what. Durations in milliseconds once read. */
export const AccessConfig = z.strictObject({
  /**
   * Whether every caller needs a token. Left out: yes, unless nobody beyond this machine can reach the API, in plain HTTP, and no token was
   * ever made. `false` lets everybody who reaches it do everything, and says so at each start and in the status.
   */
  required: z.optional(z.boolean()),
  /** The folder of the socket by which root lets somebody in; left out: that of systemd, or one beside the journal. It must be the plane's alone. */
  run_dir: z.optional(z.string().check(z.minLength(1), z.maxLength(90))),
  /** Where people's browsers reach it, as they write it; left out: as planes and agents do. */
  url: z.optional(httpUrl()),
  /** Of people who have signed in: how long one lasts that is not used, and at most. */
  sessions: z.prefault(
    z.strictObject({ idle: z._default(duration(minute), 8 * hour), lasts: z._default(duration(minute), 7 * day) }),
    {},
  ),
  /** How often one address may try to sign in within a minute at each plane; by a provider it takes two tries. */
  sign_ins_per_minute: z._default(z.int().check(z.gte(1), z.lte(1_000_000)), 120),
  /** How long a link counts by which somebody signs in once. */
  link_lifetime: z._default(duration(minute), day),
  /** The provider (OpenID Connect) by which people sign in; left out: they come by links. */
  oidc: z.optional(OidcConfig),
  /** How long a token counts unless it is said when it is made. */
  token_lifetime: z._default(duration(minute), 90 * day),
  /** Wrong tokens of one caller, and of one address, within the time after which it is refused for as long as is said. */
  lockout: z.prefault(
    z.strictObject({
      failures: z._default(z.int().check(z.gte(1), z.lte(1_000_000)), 10),
      failures_of_address: z._default(z.int().check(z.gte(1), z.lte(1_000_000)), 30),
      within: z._default(duration(second), 10 * minute),
      lasts: z._default(duration(second), 15 * minute),
    }),
    {},
  ),
  /** How much one caller may ask: by its token, session or certificate, or else by its address. */
  rates: z.prefault(
    z.strictObject({
      reads: z._default(rate(), { per_second: 2_000, burst: 10_000 }),
      changes: z._default(rate(), { per_second: 500, burst: 5_000 }),
      /** What clients of the registry say of themselves, by the thousands from one translated address; left out: as much as they like. */
      beats: z.optional(rate()),
    }),
    {},
  ),
})
export type AccessConfig = z.output<typeof AccessConfig>
