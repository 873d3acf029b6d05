import type * as z from 'zod/mini'
import { namesSecret, secretField } from '../protocol/secret-setting.ts'
import { isObject } from './environment.ts'
import { pathText } from './problem.ts'
import type { SourceOf } from './read.ts'

/** A setting as it holds, and whose word that is. */
export type EffectiveSetting = { readonly path: string; readonly value: string; readonly source: string }

type Path = readonly (string | number)[]
type Read = {
  readonly config: unknown
  /** What was read, before defaults: there a duration is still a text. */
  readonly said: unknown
  readonly sourceOf: SourceOf
}

/** Every setting that holds, in the order of the schema, secrets left out of it. */
export function effectiveSettings(
  schema: z.core.$ZodType,
  { config, said, sourceOf }: Read,
): readonly EffectiveSetting[] {
  return leavesOf(schema, config, said, []).map(({ path, value }) => ({
    path: pathText(path),
    value: shownValue(path, value),
    source: sourceOf(path) ?? 'default',
  }))
}

/** For people: one line a setting, in columns. */
export function effectiveText(settings: readonly EffectiveSetting[]): string {
  const width = (key: 'path' | 'value') => Math.min(48, Math.max(0, ...settings.map((setting) => setting[key].length)))
  const [first, second] = [width('path'), width('value')]
  return settings
    .map(({ path, value, source }) => `  ${path.padEnd(first)}  ${value.padEnd(second)}  ${source}\n`)
    .join('')
}

type Leaf = { readonly path: Path; readonly value: unknown }

function leavesOf(schema: z.core.$ZodType | undefined, held: unknown, said: unknown, path: Path): readonly Leaf[] {
  if (held === undefined) return []
  const form = schema && formOf(schema, held)
  if (Array.isArray(held)) {
    if (!held.some((item) => typeof item === 'object')) return [{ path, value: Array.isArray(said) ? said : held }]
    return held.flatMap((item, index) => leavesOf(elementOf(form), item, at(said, index), [...path, index]))
  }
  if (!isObject(held)) {
    if (typeof held !== 'number' || said !== undefined) return [{ path, value: said ?? held }]
    return [{ path, value: form !== undefined && isDuration(form) ? durationText(held) : held }]
  }
  if (Object.keys(held).length === 0) return [{ path, value: {} }]
  const keys = [...new Set([...keysOf(form), ...Object.keys(held)])]
  return keys.flatMap((key) => leavesOf(childOf(form, key), held[key], at(said, key), [...path, key]))
}

function at(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined
}

/** The schema itself, without what stands around it. */
function formOf(schema: z.core.$ZodType, held: unknown): z.core.$ZodType {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return formOf(def.innerType, held)
    case 'union':
      return def.options.map((option) => formOf(option, held)).find((option) => isOfType(option, held)) ?? schema
    default:
      return schema
  }
}

function isOfType(schema: z.core.$ZodType, held: unknown): boolean {
  const { type } = (schema as z.core.$ZodTypes)._zod.def
  if (Array.isArray(held)) return type === 'array'
  return isObject(held) ? type === 'object' || type === 'record' : type === typeof held || type === 'pipe'
}

function childOf(form: z.core.$ZodType | undefined, key: string): z.core.$ZodType | undefined {
  const def = form && (form as z.core.$ZodTypes)._zod.def
  if (def?.type === 'object') return def.shape[key]
  return def?.type === 'record' ? def.valueType : undefined
}

function elementOf(form: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const def = form && (form as z.core.$ZodTypes)._zod.def
  return def?.type === 'array' ? def.element : undefined
}

function keysOf(form: z.core.$ZodType | undefined): readonly string[] {
  const def = form && (form as z.core.$ZodTypes)._zod.def
  return def?.type === 'object' ? Object.keys(def.shape) : []
}

/** A text that became a number is a duration: nothing else does so. */
function isDuration(form: z.core.$ZodType): boolean {
  const { def } = (form as z.core.$ZodTypes)._zod
  return def.type === 'pipe' && (def.in as z.core.$ZodTypes)._zod.def.type === 'string'
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** `5s`, `24h`: in the largest unit of which it is a whole number. */
export function durationText(ms: number): string {
  const [unit, each] = (ms > 0 && units.find(([, each]) => ms % each === 0)) || (['ms', 1] as const)
  return `${ms / each}${unit}`
}

function shownValue(path: Path, value: unknown): string {
  return typeof value === 'string'
    ? shownText(path, value)
    : JSON.stringify(value, (key, inner) => {
        return typeof inner === 'string' ? shownText(key === '' ? path : [...path, key], inner) : inner
      })
}

function shownText(path: Path, text: string): string {
  const name = String(path.findLast((key) => typeof key === 'string' && !/^\d+$/.test(key)) ?? '')
  // What names the file of a secret is none.
  if (!/_(file|path|dir)$/.test(name) && (namesSecret(name) || secretField(name, text) !== undefined)) return '[secret]'
  return text.replace(/[\p{Cc}\s]+/gu, ' ')
}
