import { Agent, request } from 'node:http'
import type { Sent } from './request.ts'

/** What came back, and what an instance saw if one did. */
export type Seen = {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
  /** Of those that a table sets or takes off. */
  readonly headers: Readonly<Record<string, string>>
  readonly instance: SeenByInstance | undefined
}

export type SeenByInstance = {
  readonly service: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Sends requests one after the other over kept connections. */
export class Sender implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })

  send({ method, target, headers, body }: Sent, port: number): Promise<Seen> {
    return new Promise((resolve, reject) => {
      const length: readonly (readonly [string, string])[] =
        body === '' ? [] : [['Content-Length', String(Buffer.byteLength(body))]]
      const outgoing = request(
        {
          agent: this.#agent,
          host: '127.0.0.1',
          port,
          method,
          path: target,
          headers: [...headers, ...length].flat(),
          setHost: false,
          timeout: 20_000,
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString()
            resolve({
              status: response.statusCode ?? 0,
              location: response.headers.location,
              body: text,
              headers: pick(response.headers, ['x-set', 'x-odd', 'x-secret', 'content-type', 'user-agent']),
              instance: instanceIn(response.headers['x-seen']),
            })
          })
        },
      )
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${target}`)))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }
}

function pick(headers: Readonly<Record<string, unknown>>, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    names.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
  )
}

function instanceIn(header: string | readonly string[] | undefined): SeenByInstance | undefined {
  return typeof header === 'string' ? JSON.parse(Buffer.from(header, 'base64url').toString()) : undefined
}
