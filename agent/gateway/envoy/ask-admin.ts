import { request } from 'node:http'
import { portOf } from '../config.ts'
import { hostOf } from './bootstrap.ts'
import { isObject, type Json, type JsonObject } from './discovery-file.ts'

const answerWithinMs = 2_000

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

/** Has Envoy do something. Rejects as `askAdmin` does. */
export async function orderAdmin(address: string, path: string): Promise<void> {
  const { status } = await exchange(address, 'POST', path)
  if (status !== 200) throw new Error(`${path} is answered with ${status}`)
}

function exchange(
  address: string,
  method: 'GET' | 'POST',
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerWithinMs)
    const options = { host: hostOf(address), port: portOf(address), method, path, agent: false, signal }
    const asked = request(options, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
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
