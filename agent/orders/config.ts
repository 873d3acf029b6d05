import * as z from 'zod/mini'
import { duration, plainName } from '#shared/config/fields.ts'

const wholePath = z.string().check(z.maxLength(4096), z.regex(/^\/[^\0]*$/, { error: 'expected a whole path' }))
const unit = z.string().check(z.regex(/^[A-Za-z0-9:_@\\][A-Za-z0-9:_.@\\-]{0,254}$/, { error: 'expected a unit' }))
const word = z.string().check(z.maxLength(4096), z.regex(/^[^\0]*$/, { error: 'expected a text without zeros' }))
const timeout = z._default(duration(100).check(z.lte(600_000, { error: 'expected at most 10m' })), 60_000)

/** Something that may be restarted from afar: a unit of systemd, or what a command restarts. */
const Restartable = z
  .strictObject({
    /** As orders name it. */
    name: plainName(),
    unit: z.optional(unit),
    /** The program by its whole path, then its arguments as they are: no shell reads them. */
    command: z.optional(
      z.array(word).check(
        z.minLength(1),
        z.maxLength(64),
        z.refine(([program = '']) => program.startsWith('/'), { error: 'expected a program by its whole path' }),
      ),
    ),
    /** Longer it may not take. */
    timeout,
  })
  .check(
    z.refine(({ unit, command }) => (unit === undefined) !== (command === undefined), {
      error: 'expected a unit or a command',
    }),
  )
export type Restartable = z.infer<typeof Restartable>

/** What this host allows the plane to have done. Only this file can allow anything. */
export const OrdersConfig = z.strictObject({
  restart: z._default(
    z.array(Restartable).check(
      z.maxLength(64),
      z.superRefine((all, context) => {
        const seen = new Set<string>()
        for (const [index, { name }] of all.entries()) {
          if (seen.has(name))
            context.issues.push({ code: 'custom', message: 'named already', input: name, path: [index, 'name'] })
          seen.add(name)
        }
      }),
    ),
    [],
  ),
  /** What restarts units. */
  systemctl: z._default(wholePath, '/usr/bin/systemctl'),
  /** Lets probes for others go to loopback addresses of this host, too; never to those of its link, nor to ports that steer it. */
  probe_local: z._default(z.boolean(), false),
})
export type OrdersConfig = z.infer<typeof OrdersConfig>
