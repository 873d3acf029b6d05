import { EventEmitter } from 'node:events'
import type { Agent as HttpAgent, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import Consul from 'consul'

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
  return new Consul(options as ConstructorParameters<typeof Consul>[0]) as unknown as PackagedConsul
}
