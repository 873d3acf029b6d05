import * as z from 'zod/mini'
import { roles } from '#shared/access/permissions.ts'
import { duration } from '#shared/config/fields.ts'
import { secretFile } from '#shared/config/secret-file.ts'

const text = (most: number) => z.string().check(z.minLength(1), z.maxLength(most))
const minute = 60_000
const hour = 60 * minute
const loopback = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, search, hash, username, password } = new URL(text)
  const isPlain = search === '' && hash === '' && username === '' && password === ''
  return isPlain && (protocol === 'https:' || (protocol === 'http:' && loopback.test(hostname)))
}

/** Settings of the provider (OpenID Connect) by which people sign in. Durations in milliseconds once read. */
export const OidcConfig = z.strictObject({
  /** As the provider names itself, exactly. `https`, or `http` on this machine. */
  issuer: z
    .string()
    .check(z.refine(isIssuer, { error: 'expected an https address, or one of this machine, without a query' })),
  client_id: text(500),
  client_secret_file: secretFile("the plane's secret at the provider", 'oidc-secret'),
  /** Whom to believe that it is the provider, PEM; left out: whom the system believes. */
  ca_file: z.optional(text(4_096)),
  /** Under this name its button stands on the sign-in page. */
  name: z._default(text(60), 'OpenID Connect'),
  scopes: z._default(z.array(text(200)).check(z.maxLength(20)), ['openid', 'profile']),
  /** The claim that has the groups of who signs in. */
  groups_claim: z._default(text(200), 'groups'),
  /** Which role a group gives. Who is in none of them is not let in; nobody is an admin unless a group is named here that makes one. */
  roles: z
    .record(text(500), z.enum(roles))
    .check(z.refine((map) => Object.keys(map).length > 0, { error: 'expected at least one group' })),
  /** How long a session of somebody who came so lasts at most: what the provider takes from him is taken then. */
  lasts: z._default(duration(minute), 12 * hour),
  timeout: z._default(duration(100), 5_000),
})
export type OidcConfig = z.output<typeof OidcConfig>
