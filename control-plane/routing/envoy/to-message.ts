import type protobuf from 'protobufjs'
import type { Json, JsonValue } from './json.ts'

type Plain = { [key: string]: unknown }

const wrappers = /^\.google\.protobuf\.(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value$/

/**
 * Protobuf's JSON form of a message as the plain object that protobufjs takes: durations, wrapped values, structs and Any have a form
 * of their own in JSON. Throws if the type has no such field.
 */
export function toMessage(type: protobuf.Type, json: Json, root: protobuf.Root): Plain {
  const plain: Plain = {}
  for (const [key, value] of Object.entries(json)) {
    const field = type.fields[key]
    if (!field) throw new Error(`${type.fullName} has no field ${key}`)
    plain[key] = toField(field.resolve(), value, root)
  }
  return plain
}

function toField(field: protobuf.Field, value: JsonValue, root: protobuf.Root): unknown {
  const one = (item: JsonValue) => toValue(field.resolvedType, item, root)
  if (field.map && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, one(item)]))
  }
  return Array.isArray(value) ? value.map(one) : one(value)
}

function toValue(type: protobuf.Type | protobuf.Enum | null, value: JsonValue, root: protobuf.Root): unknown {
  // Numbers and texts, and enums by their names.
  if (type === null || !('fields' in type)) return value
  if (type.fullName === '.google.protobuf.Duration') return toDuration(value)
  if (wrappers.test(type.fullName)) return { value }
  if (!isObject(value)) throw new Error(`expected an object for ${type.fullName}, got ${JSON.stringify(value)}`)
  if (type.fullName === '.google.protobuf.Struct') return toStruct(value)
  if (type.fullName === '.google.protobuf.Any') return toAny(value, root)
  return toMessage(type, value, root)
}

function toDuration(value: JsonValue): Plain {
  const match = /^(\d+)(?:\.(\d{1,9}))?s$/.exec(String(value))
  if (!match) throw new Error(`expected a duration such as "1.5s", got ${JSON.stringify(value)}`)
  return { seconds: Number(match[1]), nanos: Number((match[2] ?? '').padEnd(9, '0')) }
}

function toAny({ '@type': url, ...content }: Json, root: protobuf.Root): Plain {
  if (typeof url !== 'string') throw new Error('an Any needs "@type"')
  const type = root.lookupType(url.slice(url.lastIndexOf('/') + 1))
  return { type_url: url, value: type.encode(type.fromObject(toMessage(type, content, root))).finish() }
}

function toStruct(value: Json): Plain {
  return { fields: Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toStructValue(item)])) }
}

function toStructValue(value: JsonValue): Plain {
  switch (typeof value) {
    case 'string':
      return { stringValue: value }
    case 'number':
      return { numberValue: value }
    case 'boolean':
      return { boolValue: value }
    default:
      return isObject(value) ? { structValue: toStruct(value) } : { listValue: { values: value.map(toStructValue) } }
  }
}

function isObject(value: JsonValue): value is Json {
  return typeof value === 'object' && !Array.isArray(value)
}
