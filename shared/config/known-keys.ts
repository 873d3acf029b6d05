import type * as z from 'zod/mini'

type Schema = z.core.$ZodType

/** The keys that a schema knows at a path of a value, in any of its forms; empty where any key may stand. */
export function keysAt(schema: Schema, path: readonly PropertyKey[]): readonly string[] {
  let here = formsOf(schema)
  for (const key of path) here = here.flatMap((form) => inside(form, key)).flatMap(formsOf)
  return [...new Set(here.flatMap(shapeKeys))]
}

/** What a value may be by a schema: each form of a union, without defaults and transformations around it. */
function formsOf(schema: Schema): readonly Schema[] {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return formsOf(def.innerType)
    case 'pipe':
      return formsOf(def.in)
    case 'union':
      return def.options.flatMap(formsOf)
    default:
      return [schema]
  }
}

function inside(form: Schema, key: PropertyKey): readonly Schema[] {
  const { def } = (form as z.core.$ZodTypes)._zod
  if (def.type === 'array') return [def.element]
  if (def.type === 'record') return [def.valueType]
  const child = def.type === 'object' ? def.shape[String(key)] : undefined
  return child === undefined ? [] : [child]
}

function shapeKeys(form: Schema): readonly string[] {
  const { def } = (form as z.core.$ZodTypes)._zod
  return def.type === 'object' ? Object.keys(def.shape) : []
}
