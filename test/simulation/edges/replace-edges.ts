import { registerHooks } from 'node:module'
import { virtualise } from '../time/virtual.ts'

/**
 * Where simulated processes meet the world: sockets, disks, and the HTTP of a Consul. Everything that stands on these runs as it is.
 */
const edges: Readonly<Record<string, string>> = {
  '/node_modules/ws/wrapper.mjs': 'ws.ts',
  '/shared/probe/kinds.ts': 'kinds.ts',
  '/control-plane/consul/exchange.ts': 'exchange.ts',
  '/control-plane/consul/stream.ts': 'stream.ts',
  '/control-plane/consul/package.ts': 'package.ts',
  '/agent/buffer/segment-files.ts': 'segment-files.ts',
}

const folder = new URL('../../../', import.meta.url).href

virtualise()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    if (!resolved.url.startsWith(folder)) return resolved
    const edge = edges[`/${resolved.url.slice(folder.length)}`]
    const inside = context.parentURL?.startsWith(import.meta.url.replace(/[^/]*$/, ''))
    return edge === undefined || inside
      ? resolved
      : { ...resolved, url: new URL(edge, import.meta.url).href, format: 'module-typescript' }
  },
})
