import { request } from 'node:http'
import { portOf } from '../gateway/config.ts'
import { hostOf } from '../gateway/envoy/bootstrap.ts'

/** Nothing that an Envoy says of itself is longer; what is comes from something else. */
const mostBytes = 256 * 1024 * 1024

/**
 * Hands over what an Envoy's admin page answers, piece by piece as it comes, so that a long answer keeps nobody waiting. Resolves with false
 * where it knows of nothing of the kind. Rejects where it does not answer in time, or with anything else.
 */
export function askText(
  admin: string,
  path: string,
  onText: (text: string) => void,
  { withinMs, stop }: { readonly withinMs: number; readonly stop?: AbortSignal | undefined },
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(withinMs)
    const signal = stop ? AbortSignal.any([late, stop]) : late
    const options = { host: hostOf(admin), port: portOf(admin), path, agent: false, signal }
    const asked = request(options, (response) => {
      const { statusCode } = response
      let bytes = 0
      response.setEncoding('utf8')
      response.on('error', reject)
      response.on('end', () => resolve(statusCode === 200))
      if (statusCode === 404) return void response.resume()
      if (statusCode !== 200) return void asked.destroy(new Error(`${path} is answered with ${statusCode}`))
      response.on('data', (text: string) => {
        bytes += text.length
        if (bytes > mostBytes) return void asked.destroy(new Error(`the answer to ${path} has no end`))
        try {
          onText(text)
        } catch (error) {
          asked.destroy(error instanceof Error ? error : new Error(String(error)))
        }
      })
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** No line that an Envoy writes is longer: what goes on for ever would else be gathered, and looked through anew with each piece. */
const mostLine = 1024 * 1024

/** Makes lines of pieces of text. `end` hands over what came after the last of them. `take` throws on a line without an end. */
export function lineCutter(onLine: (line: string) => void): { take(text: string): void; end(): void } {
  let rest = ''
  return {
    take(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > mostLine) throw new Error(`a line is longer than ${mostLine} characters`)
      for (const line of lines) onLine(line)
    },
    end() {
      if (rest !== '') onLine(rest)
      rest = ''
    },
  }
}
