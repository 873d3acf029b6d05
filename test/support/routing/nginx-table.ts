import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { type NginxServer, nginxConfiguration, startNginx } from '../nginx.ts'

/** A real Nginx that serves a table, with its files as the plane renders them. */
export async function serveTable(table: RouteTable, main = ''): Promise<NginxServer> {
  return startNginx({ conf: tableConfiguration(table, main) })
}

/** @param main more for the http block */
export function tableConfiguration(table: RouteTable, main = ''): string {
  const files = renderNginx(table, 1).files.map(({ content }) => content)
  return nginxConfiguration(['variables_hash_max_size 4096;', main, ...files].join('\n'))
}

/** What a server saw of a request. */
export type Seen = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A server on loopback that tells what it sees, as JSON and in `seen`. */
export class Echo implements AsyncDisposable {
  readonly seen: Seen[] = []
  /** The headers as they came, names and values in turn. */
  readonly raw: (readonly string[])[] = []
  readonly #server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request.setEncoding('utf8')) body += part
    const { method = '', url = '', headers } = request
    this.seen.push({ method, url, headers, body })
    this.raw.push(request.rawHeaders)
    response.setHeader('content-type', 'application/json')
    for (const [name, value] of Object.entries(this.answers)) response.setHeader(name, value)
    response.end(JSON.stringify({ method, url, headers, body }))
  })
  /** Headers of its answers. */
  answers: Readonly<Record<string, string>> = {}

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

export type RawAnswer = {
  readonly status: number
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** A request that goes out byte by byte, on a connection of its own that ends with the answer. */
export async function rawRequest(
  port: number,
  line: string,
  headers: readonly (readonly [name: string, value: string])[] = [['Host', 'x']],
  { body = '', before = '', address = '127.0.0.1' } = {},
): Promise<RawAnswer> {
  const lines = [...headers, ['Connection', 'close'] as const].map(([name, value]) => `${name}: ${value}\r\n`)
  const text = await exchange(port, `${before}${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`, address)
  return readAnswer(text)
}

/** Sends bytes and waits for the end of what comes back. */
export function exchange(port: number, bytes: string, address = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    let seen = ''
    const socket = connect(port, address, () => socket.write(bytes, 'latin1'))
    socket.setEncoding('latin1').setTimeout(20_000, () => socket.destroy(new Error(`no end: ${seen}`)))
    socket.on('data', (part: string) => {
      seen += part
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(seen))
  })
}

export function readAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map((each) => {
    const colon = each.indexOf(':')
    return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()] as const
  })
  const chunked = headers.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked')
  const rest = text.slice(end + 4)
  return { status: Number(first.split(' ')[1]), headers, body: chunked ? unchunked(rest) : rest }
}

function unchunked(text: string): string {
  const [, size = '0'] = /^([0-9a-f]+)\r\n/.exec(text) ?? []
  const length = Number.parseInt(size, 16)
  if (length === 0) return ''
  const start = size.length + 2
  return text.slice(start, start + length) + unchunked(text.slice(start + length + 2))
}

export function header({ headers }: RawAnswer, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1]
}
