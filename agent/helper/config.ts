import * as z from 'zod/mini'
import { duration } from '#shared/config/fields.ts'

const wholePath = z.string().check(z.maxLength(4096), z.regex(/^\/[^\0\n]*$/, { error: 'expected a whole path' }))
/** A whole name with its kind, so that it is what it says: never an option, a path or a pattern. */
export const unitName = z.string().check(
  z.regex(/^[A-Za-z0-9:_][A-Za-z0-9:_.@-]{0,200}\.(?:service|socket|target|timer)$/, {
    error: 'expected a unit, such as "nginx.service"',
  }),
)
/** A name of /etc/passwd, or a number where there is no name (DynamicUser). */
const user = z.union([
  z.string().check(z.regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: 'expected the name or the number of a user' })),
  z.int().check(z.gte(0), z.lte(4_294_967_294)),
])

const UnitToAllow = z.strictObject({
  unit: unitName,
  /** Longer systemd is not waited for; what it does goes on. */
  timeout: z._default(duration(100).check(z.lte(600_000, { error: 'expected at most 10m' })), 60_000),
})
export type UnitToAllow = z.infer<typeof UnitToAllow>

const units = () => z._default(z.array(UnitToAllow).check(z.maxLength(64)), [])

/** What the helper does for the agent, and nothing else. Everything is forbidden that is not here. */
export const HelperConfig = z.strictObject({
  /** Units that it restarts. */
  restart: units(),
  /** Units that it has read their configuration anew. */
  reload: units(),
  /** Whose processes it measures. */
  measure: z.prefault(z.strictObject({ users: z._default(z.array(user).check(z.maxLength(64)), []) }), {}),
  /** What restarts and reloads units. */
  systemctl: z._default(wholePath, '/usr/bin/systemctl'),
})
export type HelperConfig = z.infer<typeof HelperConfig>
