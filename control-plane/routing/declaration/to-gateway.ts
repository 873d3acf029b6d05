import type { Listener, Source } from '../table.ts'
import type { GatewayPiece, Place, Placed } from './pieces.ts'
import type { GatewayPart, ListenerPart } from './schema.ts'

/** A gateway as it was written, in the words of the table. */
export function toGateway(
  name: string,
  part: GatewayPart,
  at: Place,
  listenerAt: (index: number) => Place,
): GatewayPiece {
  const { proxy, delivery, mode, site = '', cluster = '', listeners, access_log, attempt_log, ...rest } = part
  const { trusted_proxies, health_path, authorizer, auth } = rest
  return {
    name,
    proxy,
    delivery: delivery ?? (proxy === 'envoy' ? 'xds' : 'files'),
    mode,
    ...(site === '' && cluster === '' ? {} : { place: { site, cluster } }),
    logs: { access: access_log, attempts: attempt_log },
    trustedProxies: trusted_proxies,
    healthPath: health_path,
    authorizer,
    auth,
    listeners: listeners.map((listener, index) => toListener(listener, listenerAt(index))),
    source: sourceOf(at),
    at,
  }
}

function toListener(part: ListenerPart, at: Place): Listener & Placed {
  const { name, address, port, client, tls, redirect_to_https, proxy_protocol } = part
  return {
    name: name ?? `port-${port}`,
    address,
    port,
    client,
    tls: tls && { certificates: tls.certificates, minVersion: tls.min_version, http2: tls.http2 },
    redirectToHttps: redirect_to_https,
    proxyProtocol: proxy_protocol,
    source: sourceOf(at),
    at,
  }
}

/** A place as people read it. */
export function sourceOf({ file, line }: Place): Source {
  return line === undefined ? file : `${file}:${line}`
}
