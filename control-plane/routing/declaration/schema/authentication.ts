import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'
import { isRequestPath, requestPathError } from '../texts.ts'
import { serviceName } from './names.ts'

const requestPath = () => z.string().check(z.refine(isRequestPath, { error: requestPathError }))
const claim = () =>
  z._default(
    z.string().check(z.regex(/^[A-Za-z0-9_-]{1,60}$/, { error: 'expected the name of a claim' })),
    'permissions',
  )

/** Tokens are checked against the key set that a service of the fleet publishes. */
const JwtPart = z.strictObject({
  issuer: z.string().check(z.minLength(1, { error: 'expected the issuer that tokens must name' }), z.maxLength(300)),
  audiences: z._default(z.array(z.string().check(z.minLength(1), z.maxLength(300))), []),
  keys: z.strictObject({
    service: serviceName(),
    path: requestPath(),
    refresh: z._default(duration(1000), 300_000),
  }),
  permissions_claim: claim(),
})

/** A service of the fleet is asked about each token; its answer is kept for a while. */
const ExternalPart = z.strictObject({
  service: serviceName(),
  path: requestPath(),
  timeout: z._default(duration(10), 1_000),
  cache: z._default(duration(), 30_000),
  permissions_claim: claim(),
})

export const AuthenticatorPart = z.strictObject({ jwt: z.optional(JwtPart), external: z.optional(ExternalPart) }).check(
  z.refine(({ jwt, external }) => (jwt === undefined) !== (external === undefined), {
    error: 'expected either jwt or external',
  }),
)
export type AuthenticatorPart = z.infer<typeof AuthenticatorPart>
