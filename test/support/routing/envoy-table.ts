import { type ClientRequest, type IncomingHttpHeaders, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { toStaticBootstrap } from '#control-plane/routing/envoy/static-bootstrap.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { answering } from '../answering.ts'
import { type EnvoyServer, startEnvoy } from '../envoy.ts'
import { plainEndpoint } from './route-tables.ts'

// A real Envoy that serves a table, and instances that say what reached them.

/** What an instance saw. */
export type Seen = {
  readonly name: string
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: number
}

export type FullAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

/** An instance that answers what it saw; as the endpoints of a service. */
export async function seeing(t: Pick<Test, 'teardown'>, name: string) {
  const url = await answering(t, (incoming, response) => {
    const { method = '', url = '', headers } = incoming
    text(incoming).then(
      (body) => {
        const seen: Seen = { name, method, url, headers, body: body.length }
        response.setHeader('content-type', 'application/json').end(JSON.stringify(seen))
      },
      () => response.destroy(),
    )
  })
  return [plainEndpoint(Number(new URL(url).port))]
}

export function seenIn({ body }: Pick<FullAnswer, 'body'>): Seen {
  return JSON.parse(body)
}

export async function serving(t: Pick<Test, 'teardown'>, table: RouteTable): Promise<EnvoyServer> {
  const envoy = await startEnvoy({ bootstrap: toStaticBootstrap({ ...table, proxy: 'envoy' }) })
  t.teardown(() => envoy[Symbol.asyncDispose]())
  return envoy
}

export type Asking = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  readonly localAddress?: string
  /** Writes the request's body; otherwise `body` is sent with its length. */
  readonly write?: (asked: ClientRequest) => void
}

/** One request on a connection of its own, its path exactly as given. Rejects if there is no whole answer within 10 s. */
export function askFully(port: number, path: string, asking: Asking = {}): Promise<FullAnswer> {
  const { method = 'GET', headers = {}, body, localAddress, write } = asking
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
        ),
        agent: false,
        signal: AbortSignal.timeout(10_000),
        ...(localAddress === undefined ? {} : { localAddress }),
      },
      (response) => {
        const { statusCode: status = 0, headers } = response
        text(response).then((body) => resolve({ status, headers, body }), reject)
      },
    )
    asked.on('error', reject)
    if (write) write(asked)
    else asked.end(body)
  })
}
