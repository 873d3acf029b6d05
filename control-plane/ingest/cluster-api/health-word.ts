import * as z from 'zod/mini'
import type { Health } from '#shared/protocol/check.ts'

/** The words for health that clients use. */
const words: ReadonlyMap<string, Health> = new Map(
  Object.entries({
    passing: ['healthy', 'passing', 'ok', 'up', 'running', 'active', 'alive', 'true', 'success'],
    warning: ['warning', 'warn', 'degraded'],
    critical: ['critical', 'unhealthy', 'error', 'down', 'failed', 'failing', 'dead', 'false'],
    unknown: ['unknown', 'starting', ''],
  } satisfies Readonly<Record<Health, readonly string[]>>).flatMap(([health, all]) =>
    all.map((word) => [word, health as Health] as const),
  ),
)

const error = 'expected healthy, warning, critical or unknown'

const Word = z.pipe(
  z
    .union([z.string(), z.boolean()], { error })
    .check(z.refine((said) => words.has(String(said).toLowerCase()), { error })),
  z.transform((said: string | boolean): Health => words.get(String(said).toLowerCase()) ?? 'unknown'),
)

/** A word, true or false, or an object whose `status` is one. Its message, details and time are for people, and left alone. */
export const HealthField = z.union([
  Word,
  z.pipe(
    z.object({ status: Word }),
    z.transform(({ status }: { status: Health }) => status),
  ),
])
