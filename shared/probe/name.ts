import { at, isEnvelope, isObject, parseJson, wrappers } from './shape.ts'

/** By these names Heddle's own programs answer on their health pages, whatever service they are taken for. */
export const agentName = 'heddle-agent'
export const planeName = 'heddle-plane'

/** Who should have answered; an empty service expects nobody in particular. */
export type Expected = { readonly service: string; readonly aliases?: readonly string[] | undefined }

const nameKeys = ['service', 'service_name', 'serviceName', 'app', 'app_name', 'application']

/** Which of Heddle's own programs an answer is of; undefined: of none. */
export function softwareOf({ body }: { readonly body: Buffer }): string | undefined {
  const json = parseJson(body.toString('utf8'))
  const said = isObject(json) ? [at(json, 'software'), at(json, 'service')] : []
  return [agentName, planeName].find((name) => said.includes(name))
}

/** The name under which another service answers; undefined if none is told or one told fits. */
export function strangerIn(json: unknown, { service, aliases = [] }: Expected): string | undefined {
  if (comparable(service) === '') return undefined
  const told = namesIn(json)
  const fitting = new Set([service, ...aliases].map(comparable))
  return told.some((name) => fitting.has(comparable(name))) ? undefined : told[0]
}

/** Every name under which an answer says it comes, the likeliest first. */
export function namesIn(json: unknown): readonly string[] {
  if (!isObject(json)) return []
  const names = [...nameKeys, 'name'].flatMap((key) => nameAt(json, key))
  // Deeper down a bare `name` may be anybody's.
  for (const wrapper of isEnvelope(json) ? wrappers : []) {
    const inner = at(json, wrapper)
    if (isObject(inner)) names.push(...nameKeys.flatMap((key) => nameAt(inner, key)))
  }
  return names
}

function nameAt(object: object, key: string): readonly string[] {
  const value = at(object, key)
  const name = isObject(value) ? at(value, 'name') : value
  return typeof name === 'string' && comparable(name) !== '' ? [name] : []
}

function comparable(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')
}
