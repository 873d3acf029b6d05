import * as z from 'zod/mini'

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration such as "500ms", "5s", "10m", "24h", "7d"; undefined if the text is none. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim())
  if (!match) return undefined
  return Math.round(Number(match[1]) * unitsMs[match[2] as keyof typeof unitsMs])
}

/** A duration as text in YAML, milliseconds in the program. `z._default(duration(), 5000)` gives it a default. */
export function duration(leastMs = 0) {
  return z.pipe(
    z.string({ error: 'expected a duration such as "500ms", "5s", "10m" or "24h"' }).check(
      z.refine((text) => durationMs(text) !== undefined, {
        error: 'expected a duration such as "500ms", "5s", "10m" or "24h"',
      }),
      z.refine((text) => (durationMs(text) ?? leastMs) >= leastMs, { error: `expected at least ${leastMs}ms` }),
    ),
    z.transform((text: string) => durationMs(text) ?? 0),
  )
}

const portError = 'expected a port from 1 to 65535'
export function port() {
  return z.int({ error: portError }).check(z.gte(1, { error: portError }), z.lte(65535, { error: portError }))
}

/** An http or https address without a trailing slash. */
export function httpUrl() {
  return z.pipe(
    z.string({ error: 'expected a URL such as "http://127.0.0.1:8500"' }).check(
      z.refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
        error: 'expected a URL such as "http://127.0.0.1:8500"',
      }),
    ),
    z.transform((text: string) => text.replace(/\/+$/, '')),
  )
}

/** A name made of letters, digits, dots, dashes and underscores, as files, metrics and Consul accept it. */
export function plainName() {
  return z
    .string()
    .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, { error: 'expected letters, digits, ".", "_" or "-"' }))
}
