import { exchange } from '#shared/envoy/admin.ts'
import { isObject, type Json, type JsonObject } from './discovery-file.ts'

/**
 * What Envoy's admin page answers, read as JSON; empty where it knows of nothing of the kind. Rejects where it does not answer in time, or
 * with anything but these two.
 */
export async function askAdmin(address: string, path: string): Promise<JsonObject> {
  const { status, text } = await exchange(address, 'GET', path)
  // A dump of what there is none of is "not found".
  if (status === 404) return {}
  if (status !== 200) throw new Error(`${path} is answered with ${status}`)
  return objectOf(text)
}

function objectOf(text: string): JsonObject {
  let value: Json = null
  try {
    value = JSON.parse(text) as Json
  } catch {
    // What is no JSON is not what was asked for, like any other answer without the fields that are looked for.
  }
  return isObject(value) ? value : {}
}
