import * as z from 'zod/mini'
import { meanings } from './meanings.ts'
import { DeclarationFile } from './schema.ts'

export type JsonSchema = {
  readonly [key: string]: unknown
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

/** The JSON Schema of one file of a declaration as people write it, for editors: each key with its meaning and its default. */
export function declarationSchema(): JsonSchema {
  const written = z.toJSONSchema(DeclarationFile, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  const read = z.toJSONSchema(DeclarationFile, { io: 'output', unrepresentable: 'any' }) as JsonSchema
  const { $schema, ...schema } = explained(written, read, '')
  return {
    $schema,
    title: 'Declaration of routes of Heddle',
    description: 'One file of a declaration; several files of a folder make one declaration together.',
    ...schema,
  }
}

/** The paths of all keys with their schemas, as `meanings` spells them, in the order of the schema. */
export function keysOf(schema: JsonSchema, path = ''): readonly (readonly [path: string, schema: JsonSchema])[] {
  const inner = childrenOf(schema, path)
  return inner.flatMap(([at, child]) => [[at, child] as const, ...keysOf(child, at)])
}

function childrenOf(schema: JsonSchema, path: string): readonly (readonly [path: string, schema: JsonSchema])[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema
  return [
    ...Object.entries(properties).map(([key, child]) => [path === '' ? key : `${path}.${key}`, child] as const),
    ...(typeof additionalProperties === 'object' ? [[`${path}.*`, additionalProperties] as const] : []),
    ...(items ? [[`${path}[]`, items] as const] : []),
    ...anyOf.flatMap((form) => childrenOf(form, path)),
  ]
}

/** @param read the same as the program has it, where the defaults are that people could have written otherwise */
function explained(written: JsonSchema, read: JsonSchema | undefined, path: string): JsonSchema {
  const description = meanings[path]
  const usual = defaultOf(written, read)
  const { properties, additionalProperties, items, anyOf } = written
  const inner = (child: JsonSchema, beside: unknown, at: string) =>
    explained(child, isSchema(beside) ? beside : undefined, at)
  return {
    ...(description === undefined ? {} : { description }),
    ...written,
    ...(usual === undefined ? {} : { default: usual }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, child]) => [
          key,
          inner(child, read?.properties?.[key], path === '' ? key : `${path}.${key}`),
        ]),
      ),
    }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: inner(additionalProperties, read?.additionalProperties, `${path}.*`),
    }),
    ...(items && { items: inner(items, read?.items, `${path}[]`) }),
    ...(anyOf && { anyOf: anyOf.map((form, index) => withoutWords(inner(form, read?.anyOf?.[index], path))) }),
  }
}

/** The forms of a key are told of once, at the key. */
function withoutWords({ description: _, ...form }: JsonSchema): JsonSchema {
  return form
}

/** What is written as text and read as a number is a duration: its default is milliseconds. */
function defaultOf(written: JsonSchema, read: JsonSchema | undefined): unknown {
  if (written.default !== undefined) return written.default
  const usual = read?.default
  if (typeof usual !== 'number') return undefined
  return usual % 60_000 === 0 && usual > 0
    ? `${usual / 60_000}m`
    : usual % 1000 === 0
      ? `${usual / 1000}s`
      : `${usual}ms`
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}
