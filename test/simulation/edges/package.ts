import { EventEmitter } from 'node:events'
import type { Answer, CallContext, CallOptions, PackagedConsul } from '#control-plane/consul/package.ts'
import { callConsul, inTime } from './consul-call.ts'

/** As the real one makes it. */
export function callContext(signal: AbortSignal | undefined): CallContext & Disposable {
  const context = Object.assign(new EventEmitter(), { includeResponse: true } as const)
  const cancel = () => context.emit('cancel')
  signal?.addEventListener('abort', cancel, { once: true })
  return Object.assign(context, { [Symbol.dispose]: () => signal?.removeEventListener('abort', cancel) })
}

/** The calls of the package over the simulated network. */
export function packagedConsul(address: URL): PackagedConsul {
  const get = async (path: string, options: CallOptions): Promise<Answer> => {
    const { index, wait, ctx, timeout } = options
    const meta = options['node-meta']
    const query = {
      ...(index === undefined ? {} : { index: String(index) }),
      ...(wait === undefined ? {} : { wait }),
      ...(meta === undefined ? {} : { 'node-meta': meta }),
      ...(options.consistent ? { consistent: '' } : {}),
    }
    const cancelled = new AbortController()
    ctx.once('cancel', () => cancelled.abort())
    const answer = await inTime(callConsul(address.host, { path, query }), timeout, cancelled.signal)
    const { status, body } = answer
    const headers = Number.isNaN(answer.index) ? {} : { 'x-consul-index': String(answer.index) }
    const response = { statusCode: status, headers, body } as unknown as Answer[0]
    if (status !== 200) throw Object.assign(new Error(String(body)), { response })
    return [response, body]
  }
  return {
    catalog: {
      datacenters: (options) => get('catalog/datacenters', options),
      services: (options) => get('catalog/services', options),
      node: { services: (options) => get(`catalog/node/${encodeURIComponent(options.node)}`, options) },
    },
    health: { node: (options) => get(`health/node/${encodeURIComponent(options.node)}`, options) },
    kv: { get: (options) => get(`kv/get/${encodeURIComponent(options.key)}`, options) },
  }
}
