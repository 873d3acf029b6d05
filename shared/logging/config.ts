import * as z from 'zod/mini'

export const logFormats = ['json', 'text'] as const
export type LogFormat = (typeof logFormats)[number]

/** How a program logs. @param levels those that it takes */
export function loggingConfig<const Levels extends readonly [string, ...string[]]>(levels: Levels) {
  return z.strictObject({
    level: z._default(z.enum(levels), 'info' as Levels[number]),
    /** text: a line that people read, for a terminal. */
    format: z._default(z.enum(logFormats), 'json'),
    /** Written there instead of to standard output; a new file each day (UTC) and whenever a fifth of the room is full. */
    file: z.optional(
      z.strictObject({
        path: z.string().check(z.minLength(1), z.maxLength(4096)),
        /** All files together; the oldest go. */
        most_megabytes: z._default(z.int().check(z.gte(1), z.lte(100_000)), 100),
      }),
    ),
  })
}

export type LogFileConfig = { readonly path: string; readonly most_megabytes: number }
