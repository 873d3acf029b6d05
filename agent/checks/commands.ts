import * as z from 'zod/mini'
import { plainName } from '#shared/config/fields.ts'

/** One command that this host allows its checks to run. */
const CommandConfig = z.strictObject({
  /** The program by its whole path, then its arguments as they are: no shell reads them. */
  run: z
    .array(z.string().check(z.maxLength(4096), z.regex(/^[^\0]*$/, { error: 'expected a text without zeros' })))
    .check(
      z.minLength(1),
      z.maxLength(64),
      z.refine(([program = '']) => program.startsWith('/'), { error: 'expected a program by its whole path' }),
    ),
})

/**
 * The commands that checks may run, by name. Only the file on this host can name them: whoever configures services from elsewhere
 * can choose among them and nothing else.
 */
export const CommandConfigs = z.record(plainName(), CommandConfig)
export type CommandConfigs = z.infer<typeof CommandConfigs>

type Using = {
  readonly services: readonly { readonly checks: readonly { readonly kind: string; readonly command?: string }[] }[]
  readonly commands: CommandConfigs
}

/** Where a check names a command that this host does not allow: its path and its name. */
export function notAllowedIn({ services, commands }: Using) {
  return services.flatMap(({ checks }, service) =>
    checks.flatMap(({ command }, check) =>
      command === undefined || Object.hasOwn(commands, command)
        ? []
        : [{ path: ['services', service, 'checks', check, 'command'], command }],
    ),
  )
}
