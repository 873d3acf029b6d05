import * as z from 'zod/mini'
import { schemaProblems } from '#shared/config/problem.ts'
import { type FieldProblem, Refusal } from './refusal.ts'

/** Text that people wrote: any language, but nothing that breaks a line or a store. */
export function plainText(most: number) {
  return z.string().check(
    z.minLength(1),
    z.maxLength(most),
    z.refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
      error: 'expected text without control characters',
    }),
  )
}

const portError = 'expected a port from 1 to 65535'

/** A port, as a number or in quotes. */
export function portField() {
  return z.pipe(
    z.union([z.int(), z.string().check(z.regex(/^\d{1,5}$/))], { error: portError }),
    z.pipe(
      z.transform((value: number | string) => Number(value)),
      z.int().check(z.gte(1, { error: portError }), z.lte(65535, { error: portError })),
    ),
  )
}

/** What of `body` is not as the schema says, field by field. */
export function fieldProblems(error: z.core.$ZodError, body: unknown): readonly FieldProblem[] {
  return schemaProblems(error.issues, body, () => ({ file: '' })).map(({ path, message }) => ({
    field: path || '(body)',
    message,
  }))
}

/** The body read by `schema`. Throws a 400 refusal that names every field that is wrong. */
export function readBody<T extends z.core.$ZodType>(schema: T, body: unknown): z.core.output<T> {
  const result = z.safeParse(schema, body)
  if (result.success) return result.data
  throw new Refusal(400, 'the body is not valid', fieldProblems(result.error, body))
}
