import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'
import { secretFile } from '#shared/config/secret-file.ts'

const second = 1000
const hour = 3_600 * second

const path = () => z.string().check(z.minLength(1), z.maxLength(4096))

const AuthorityFiles = z.strictObject({
  certificate_file: path(),
  key_file: secretFile('the key of an authority that somebody else has made', 'authority-key'),
})

/** How nodes are told from each other. Durations in milliseconds once read. */
export const IdentityConfig = z.strictObject({
  /** The installation's secret; by default beside the journal, where it is made at the first start. With PostgreSQL all planes need the same. */
  secret_file: z.optional(secretFile('what the key of the authority is sealed by', 'heddle-secret')),
  /**
   * Authorities that somebody else has made, to sign in the place of ours: PEM. One; or the one that is to sign, and behind it those that did
   * so before, until it does.
   */
  authority: z.optional(z.union([AuthorityFiles, z.array(AuthorityFiles).check(z.minLength(1), z.maxLength(4))])),
  /** The enrolment token that is made with the first authority. */
  first_token: z.prefault(
    z.strictObject({
      /** Where it is written (0600); by default beside the journal. */
      file: z.optional(path()),
      uses: z._default(z.int().check(z.gte(1), z.lte(100_000)), 100),
      lifetime: z._default(duration(second), 24 * hour),
    }),
    {},
  ),
  /** Enrolments and renewals under way at once; who comes beyond comes again. */
  at_once: z._default(z.int().check(z.gte(1), z.lte(10_000)), 64),
  /** Refused enrolments that one address may have within a minute. */
  refused_per_minute: z._default(z.int().check(z.gte(1), z.lte(100_000)), 30),
})
export type IdentityConfig = z.output<typeof IdentityConfig>
