import { request } from 'node:http'

/** What an admin page answers. */
export type AdminAnswer = { readonly status: number; readonly text: string }

const answerWithinMs = 2_000
/** Nothing that an Envoy says of itself is longer; what is comes from something else. */
const mostBytes = 256 * 1024 * 1024

/** Asks an Envoy's admin page. Rejects where it does not answer in time. @param admin address and port */
export function exchange(admin: string, method: 'GET' | 'POST', path: string): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerWithinMs)
    const asked = request({ ...placeOf(admin), method, path, agent: false, signal }, (response) => {
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > mostBytes) asked.destroy(new Error(`the answer to ${path} has no end`))
        else parts.push(part)
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') })
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** Has Envoy do something. Rejects where it does not answer, or not with 200. */
export async function orderAdmin(admin: string, path: string): Promise<void> {
  const { status } = await exchange(admin, 'POST', path)
  if (status !== 200) throw new Error(`${path} is answered with ${status}`)
}

function placeOf(admin: string): { readonly host: string; readonly port: number } {
  const colon = admin.lastIndexOf(':')
  return { host: admin.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(admin.slice(colon + 1)) }
}
