import * as z from 'zod/mini'
import { schemaProblems } from '#shared/config/problem.ts'
import { clientIdPattern } from '#shared/protocol/identity.ts'
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

const idError = 'expected 1 to 100 letters, digits or any of ". _ : @ -"'

export function clientId() {
  return z.string({ error: idError }).check(z.regex(clientIdPattern, { error: idError }))
}

const portError = 'expected a port from 1 to 65535'

/** A port, as a number or in quotes. */
export function portField() {
  return z.pipe(
    z.union([z.int(), z.string().check(z.regex(/^\s*\d{1,5}\s*$/))], { error: portError }),
    z.pipe(
      z.transform((value: number | string) => Number(value)),
      z.int().check(z.gte(1, { error: portError }), z.lte(65535, { error: portError })),
    ),
  )
}

const addressError = 'expected a host name or an IP address'

/** Without brackets; undefined for an empty one. */
export function addressField() {
  return z.pipe(
    z.string({ error: addressError }).check(z.regex(/^[A-Za-z0-9._:[\]-]{0,253}$/, { error: addressError })),
    z.transform((text: string) => text.replace(/^\[|\]$/g, '') || undefined),
  )
}

const tagsError = 'expected a list of texts, or texts joined by commas'
const mostTags = 64
const mostTag = 200

/** Tags as a list or as one text joined by commas, also where a list has such a text; each once, in their order. */
export function tagsField() {
  return z.pipe(
    z.pipe(
      z.union([z.string(), z.array(z.union([z.string(), z.number(), z.boolean()]))], { error: tagsError }),
      z.transform((value: string | (string | number | boolean)[]) => splitTags([value].flat())),
    ),
    z.array(plainText(mostTag)).check(z.maxLength(mostTags, { error: `expected at most ${mostTags} tags` })),
  )
}

function splitTags(values: readonly (string | number | boolean)[]): string[] {
  const tags = values.flatMap((value) => String(value).split(/[,，]/))
  return [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))]
}

/** Entries with values of any kind. */
export function metadataField() {
  return z
    .record(z.string().check(z.minLength(1), z.maxLength(128)), z.unknown(), { error: 'expected an object' })
    .check(z.refine((entries) => Object.keys(entries).length <= 100, { error: 'expected at most 100 entries' }))
}

export function anyObject() {
  return z.record(z.string(), z.unknown(), { error: 'expected an object' })
}

/** What old clients leave out, or send as null. */
export function maybe<T extends z.core.$ZodType>(schema: T) {
  return z.optional(z.nullable(schema))
}

/** Text that is only kept; an empty one says nothing. */
export function maybeText(most: number) {
  return maybe(
    z.union(
      [
        plainText(most),
        z.pipe(
          z.literal(''),
          z.transform(() => undefined),
        ),
      ],
      { error: `expected a text of at most ${most} characters` },
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
  throw new Refusal(400, 'the request is not valid', fieldProblems(result.error, body))
}
