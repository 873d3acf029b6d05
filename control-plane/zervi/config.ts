import * as z from 'zod/mini'
import { type Permission, permissions } from '#shared/access/permissions.ts'
import { duration, httpUrl } from '#shared/config/fields.ts'
import { secretFile } from '#shared/config/secret-file.ts'
import { vouchable } from './grants.ts'

const file = () => z.string().check(z.minLength(1))
const path = () =>
  z.string().check(z.regex(/^\/[!-~]{0,200}$/, { error: 'expected a path such as "/api/auth/verify"' }))

const loopback = /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/

/** What its permissions mean here, unless it is said otherwise. */
const usualPermissions: Record<string, Permission[]> = {
  'service:register': ['registry:read', 'registry:write'],
  'service:access': ['registry:read', 'fleet:read'],
  'cluster:manage': ['registry:read', 'registry:write', 'fleet:read', 'fleet:admit', 'settings:read', 'routing:read'],
}

/** Zervi, whose unified authentication vouches for callers and has its users made. Durations in milliseconds once read. */
export const ZerviConfig = z
  .strictObject({
    /** Its address, which stays as it is: whoever could change it could let anybody in. `https`, or `http` on this machine. */
    url: httpUrl(),
    /** Whom to believe that it is Zervi, PEM: nobody else, whomever the system believes. */
    ca_file: z.optional(file()),
    /** The token by which this plane itself asks; read again each minute. */
    token_file: z.optional(secretFile('the token by which the plane asks Zervi', 'zervi-token')),
    /** Where it is asked (POST) who has a token. */
    verify_path: z._default(path(), '/api/auth/verify'),
    timeout: z._default(duration(100), 2_000),
    /** For how long a yes counts at most; a no counts for 5 s. */
    cache: z._default(duration(0).check(z.lte(60_000, { error: 'expected at most 60s' })), 60_000),
    /** The key under which it lists permissions. */
    permissions_claim: z._default(z.string().check(z.minLength(1), z.maxLength(100)), 'permissions'),
    /** What each of its permissions lets somebody do here: never more than an operator may. */
    permissions: z._default(
      z.record(
        z.string().check(z.minLength(1), z.maxLength(100)),
        z.array(
          z
            .enum(permissions)
            .check(z.refine((each) => vouchable.has(each), { error: 'expected one that an operator has' })),
        ),
      ),
      usualPermissions,
    ),
  })
  .check(
    z.refine(({ url }) => url.startsWith('https:') || loopback.test(new URL(url).hostname), {
      path: ['url'],
      error: 'expected https, or a loopback address',
    }),
    z.refine(({ url, ca_file }) => !url.startsWith('https:') || ca_file !== undefined, {
      path: ['ca_file'],
      error: 'expected the file with the authority that signs its certificate',
    }),
  )
export type ZerviConfig = z.output<typeof ZerviConfig>
