import { isDeepStrictEqual } from 'node:util'
import type { JsonSchema } from '#control-plane/routing/declaration/json-schema.ts'

/**
 * Where a value is not as a JSON Schema wants it, as an editor would underline it: paths with the keyword that is not met. As much of the
 * standard as our schemas use; a keyword beyond that is an error of the test.
 */
export function underlined(schema: JsonSchema, value: unknown, path = '$'): readonly string[] {
  return Object.entries(schema).flatMap(([keyword, wanted]) => {
    switch (keyword) {
      case '$schema':
      case 'title':
      case 'description':
      case 'default':
        return []
      case 'type':
        return isOf(wanted, value) ? [] : [`${path} type`]
      case 'enum':
        return (wanted as readonly unknown[]).includes(value) ? [] : [`${path} enum`]
      case 'const':
        return isDeepStrictEqual(wanted, value) ? [] : [`${path} const`]
      case 'anyOf':
        return nearest((wanted as readonly JsonSchema[]).map((form) => underlined(form, value, path)))
      case 'properties':
        return inside(value, wanted as Readonly<Record<string, JsonSchema>>, path)
      case 'additionalProperties':
        return beyond(value, schema, path)
      case 'propertyNames':
        return keysOf(value).flatMap((key) => underlined(wanted as JsonSchema, key, `${path}.${key}`))
      case 'required':
        return isObject(value)
          ? (wanted as string[]).flatMap((key) => (key in value ? [] : [`${path}.${key} required`]))
          : []
      case 'items':
        return Array.isArray(value)
          ? value.flatMap((each, index) => underlined(wanted as JsonSchema, each, `${path}[${index}]`))
          : []
      default:
        return isWithin(keyword, Number(wanted), String(wanted), value) ? [] : [`${path} ${keyword}`]
    }
  })
}

function isOf(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isObject(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return kindOf(value) === type
  }
}

function kindOf(value: unknown): string {
  return typeof value
}

function isWithin(keyword: string, bound: number, pattern: string, value: unknown): boolean {
  switch (keyword) {
    case 'pattern':
      return typeof value !== 'string' || new RegExp(pattern, 'u').test(value)
    case 'minimum':
      return typeof value !== 'number' || value >= bound
    case 'maximum':
      return typeof value !== 'number' || value <= bound
    case 'minLength':
      return typeof value !== 'string' || value.length >= bound
    case 'maxLength':
      return typeof value !== 'string' || value.length <= bound
    case 'minItems':
      return !Array.isArray(value) || value.length >= bound
    case 'maxItems':
      return !Array.isArray(value) || value.length <= bound
    default:
      throw new Error(`the keyword ${keyword} is not known here`)
  }
}

function inside(value: unknown, properties: Readonly<Record<string, JsonSchema>>, path: string): readonly string[] {
  return keysOf(value).flatMap((key) => {
    const schema = properties[key]
    return schema === undefined ? [] : underlined(schema, (value as Record<string, unknown>)[key], `${path}.${key}`)
  })
}

function beyond(
  value: unknown,
  { properties = {}, additionalProperties }: JsonSchema,
  path: string,
): readonly string[] {
  const others = keysOf(value).filter((key) => !Object.hasOwn(properties, key))
  if (additionalProperties === false) return others.map((key) => `${path}.${key} additionalProperties`)
  if (typeof additionalProperties !== 'object') return []
  return others.flatMap((key) =>
    underlined(additionalProperties, (value as Record<string, unknown>)[key], `${path}.${key}`),
  )
}

/** Of several forms the one with the least that is wrong. */
function nearest(forms: readonly (readonly string[])[]): readonly string[] {
  return forms.toSorted((a, b) => a.length - b.length)[0] ?? []
}

function keysOf(value: unknown): readonly string[] {
  return isObject(value) ? Object.keys(value) : []
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
