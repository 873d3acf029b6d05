import { EventEmitter } from 'node:events'
import type { ClientRequest, Agent as HttpAgent, IncomingMessage, RequestOptions } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import Consul from 'consul'
import { mostAnswerBytes, tooLarge } from './bounds.ts'

/** What we hand to every call of the package; its own types leave out half of it. */
export type CallOptions = {
  readonly dc: string
  readonly timeout: number
  readonly token?: string
  readonly ctx: CallContext
  readonly stale?: boolean
  readonly consistent?: boolean
  readonly index?: number
  readonly wait?: string
  readonly 'node-meta'?: string
}

/** Makes a call answer with the response beside its body, and lets it be broken off by emitting `cancel`. */
export type CallContext = EventEmitter & { readonly includeResponse: true }

export function callContext(signal: AbortSignal | undefined): CallContext & Disposable {
  const context = Object.assign(new EventEmitter(), { includeResponse: true } as const)
  const cancel = () => context.emit('cancel')
  signal?.addEventListener('abort', cancel, { once: true })
  return Object.assign(context, { [Symbol.dispose]: () => signal?.removeEventListener('abort', cancel) })
}

export type Answer = readonly [response: IncomingMessage, body: unknown]

/** The calls of the package `consul` that we use, as they are. */
export type PackagedConsul = {
  readonly catalog: {
    readonly datacenters: (options: CallOptions) => Promise<Answer>
    readonly services: (options: CallOptions) => Promise<Answer>
    readonly node: { readonly services: (options: CallOptions & { readonly node: string }) => Promise<Answer> }
  }
  readonly health: { readonly node: (options: CallOptions & { readonly node: string }) => Promise<Answer> }
  readonly kv: { readonly get: (options: CallOptions & { readonly key: string }) => Promise<Answer> }
}

export function packagedConsul(address: URL, agent: HttpAgent | HttpsAgent): PackagedConsul {
  const options = { baseUrl: `${address.origin}${address.pathname.replace(/\/+$/, '')}/v1`, agent }
  const consul = new Consul(options as ConstructorParameters<typeof Consul>[0]) as unknown as PackagedConsul & Extended
  consul._ext('onRequest', (request, next) => {
    const { transport } = request
    request.transport = { request: (options) => bounded(transport.request(options)) }
    next()
  })
  // What the package meets in a key that it does not expect it throws where nobody could catch it.
  consul._ext('onResponse', (request, next) => {
    if (request.opts.name === 'kv.get' && !request.err && !areKeys(request.res?.body)) {
      request.err = new TypeError('its answer is no key')
    }
    next()
  })
  return consul
}

/** What the package lets its users put before each request. */
type Extended = {
  readonly _ext: (when: 'onRequest' | 'onResponse', step: (request: Asked, next: () => void) => void) => void
}
type Transport = { readonly request: (options: RequestOptions) => ClientRequest }
type Asked = {
  transport: Transport
  err?: Error | undefined
  readonly opts: { readonly name?: string }
  readonly res?: { readonly body?: unknown }
}

function areKeys(body: unknown): boolean {
  return !Array.isArray(body) || body.every(isKey)
}

function isKey(row: unknown): boolean {
  if (typeof row !== 'object' || row === null || Object.hasOwn(row, 'hasOwnProperty')) return false
  const { Value } = row as { readonly Value?: unknown }
  return Value === undefined || Value === null || typeof Value === 'string'
}

/** The package keeps whatever comes. */
function bounded(request: ClientRequest): ClientRequest {
  request.once('response', (response) => {
    let bytes = 0
    response.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= mostAnswerBytes || request.destroyed) return
      request.emit('error', tooLarge())
      request.destroy()
    })
  })
  return request
}
