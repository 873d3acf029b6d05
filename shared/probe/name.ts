import { isEnvelope, isObject } from './shape.ts'

/** Who should have answered. */
export type Expected = { readonly service: string; readonly aliases?: readonly string[] | undefined }

const nameKeys = ['service', 'service_name', 'serviceName', 'app', 'app_name', 'application']

/** The name under which another service answers; undefined if none is told or one told fits. */
export function strangerIn(json: unknown, { service, aliases = [] }: Expected): string | undefined {
  const told = namesIn(json)
  const fitting = new Set([service, ...aliases].map(comparable))
  return told.some((name) => fitting.has(comparable(name))) ? undefined : told[0]
}

function namesIn(json: unknown): readonly string[] {
  if (!isObject(json)) return []
  const names = [...nameKeys, 'name'].flatMap((key) => nameAt(json, key))
  // Deeper down a bare `name` may be anybody's.
  if ('data' in json && isObject(json.data) && isEnvelope(json)) {
    const { data } = json
    names.push(...nameKeys.flatMap((key) => nameAt(data, key)))
  }
  return names
}

function nameAt(object: object, key: string): readonly string[] {
  const value: unknown = Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined
  const name = isObject(value) && 'name' in value ? value.name : value
  return typeof name === 'string' && comparable(name) !== '' ? [name] : []
}

function comparable(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
}
