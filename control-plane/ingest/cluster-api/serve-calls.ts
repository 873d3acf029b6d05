import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerHeaders } from '#shared/http/answer-headers.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { contentVersion, namesVersion } from '../../fleet/versions.ts'
import { needWithin, type PlainLimits } from './plain-limits.ts'
import { readJson } from './read-json.ts'
import { asRefusal, problemBody, Refusal, refusalBody, withYours } from './refusal.ts'
import { type Reply, type Route, RouteTable } from './route.ts'

/** Answers requests, or hands them on where they are for somebody else. */
export type CallHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

export type ServeOptions = {
  readonly routes: readonly Route[]
  /** Paths that begin so are ours, whether or not there is a route; with `/v1` before them too. */
  readonly prefix: string
  readonly mostBytes: number
  /** False: only what may be answered early is. */
  readonly ready: () => boolean
  /** What a request may do that came from somebody who is not known; undefined: what it likes. */
  readonly limits?: ((request: IncomingMessage) => PlainLimits | undefined) | undefined
  readonly log: Logger
}

/** Straight on node:http: a heartbeat costs little more than its JSON. */
export function serveCalls({ routes, prefix, mostBytes, ready, limits, log }: ServeOptions): CallHandler {
  const table = new RouteTable(routes)
  const fixed = new Set(routes.map(({ path }) => path))

  const answer = async (request: IncomingMessage, { method, path, search }: Asked): Promise<Reply> => {
    const found = table.find(method, path)
    if (!found) throw new Refusal(404, `there is no ${path}`, [{ field: '(path)', message: 'is not known' }])
    const { route, parameters } = found
    if (route.early !== true && !ready()) {
      throw new Refusal(503, 'the plane is still loading its journal', [], { headers: { 'retry-after': '1' } })
    }
    const body = method === 'GET' ? undefined : await readJson(request, route.mostBytes ?? mostBytes)
    const from = request.socket.remoteAddress ?? ''
    const ifMatch = request.headers['if-match']
    if (ifMatch !== undefined && method !== 'GET' && !route.conditional) throw unminded(method, path)
    const query = new URLSearchParams(search)
    const call = { method, path, parameters, query, from, body, ifMatch }
    const within = limits?.(request)
    if (within) needWithin(within, route, call)
    const reply = await withYours(ifMatch, body, () => route.answer(call))
    return route.versioned ? versioned(reply, request.headers['if-none-match']) : reply
  }

  return (request, response, next) => {
    const asked = askedOf(request)
    const { path } = asked
    const ours = path === prefix || path.startsWith(`${prefix}/`) || fixed.has(path)
    if (!ours) return next()
    answer(request, asked).then(
      ({ status, body, etag }) => send(response, status, body, etag === undefined ? {} : { etag }),
      (error: unknown) => {
        if (request.destroyed && !request.complete) return response.destroy()
        const refusal = asRefusal(error, log, { method: asked.method, path })
        const { status, headers } = refusal
        if (asked.newer) send(response, status, problemBody(refusal), { ...headers, 'content-type': problemType })
        else send(response, status, refusalBody(refusal), headers)
        return undefined
      },
    )
  }
}

function unminded(method: string, path: string): Refusal {
  return new Refusal(
    400,
    `${method} ${path} has no version that If-Match could name`,
    [{ field: 'If-Match', message: 'is not minded here' }],
    { remedy: 'Leave If-Match out; docs/registry.md says which calls mind it.' },
  )
}

type Asked = {
  readonly method: string
  /** Without the `/v1` before it. */
  readonly path: string
  readonly search: string
  /** Asked under `/v1`: refused by problem details. */
  readonly newer: boolean
}

const newer = '/v1'
const problemType = 'application/problem+json'

function askedOf({ method = 'GET', url = '/' }: IncomingMessage): Asked {
  // A proxy may write the whole address.
  const target = url.startsWith('/') ? url : url.replace(/^[a-z]+:\/\/[^/?]*/i, '')
  const at = target.indexOf('?')
  const path = at < 0 ? target : target.slice(0, at)
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  const isNewer = plain.startsWith(`${newer}/cluster/`)
  return {
    method: method === 'HEAD' ? 'GET' : method,
    path: isNewer ? plain.slice(newer.length) : plain,
    search: at < 0 ? '' : target.slice(at + 1),
    newer: isNewer,
  }
}

/** What was seen last is told with it, so its content is its version. */
function versioned({ status, body }: Reply, known: string | undefined): Reply {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const etag = contentVersion(text)
  return namesVersion(known, etag) ? { status: 304, body: '', etag } : { status, body: text, etag }
}

function send(
  response: ServerResponse,
  status: number,
  body: object | string,
  headers: Readonly<Record<string, string>>,
): void {
  if (response.destroyed || response.headersSent) return
  if (status === 304) {
    response.writeHead(status, { ...answerHeaders, ...headers }).end()
    return
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const bytes = text.length < long ? undefined : Buffer.from(text)
  const length = bytes?.length ?? Buffer.byteLength(text)
  response.writeHead(status, {
    ...answerHeaders,
    'content-type': 'application/json; charset=utf-8',
    ...headers,
    'content-length': length,
  })
  if (bytes) response.end(bytes)
  // Where each character is one byte it is written as it lies.
  else response.end(text, length === text.length ? 'latin1' : 'utf8')
}

/** Characters from which on a text is written as bytes: Node would copy it as a whole once more to have its head before it, and again to write it. */
const long = 4_096
