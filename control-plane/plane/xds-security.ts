import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { boundsOf } from '#shared/identity/scope.ts'
import { tlsServer } from '../identity/server-certificate.ts'
import { type RoutingConfig, xdsOverTls } from '../routing/config.ts'
import type { EnvoyGuest, XdsSecurity } from '../routing/envoy/guest.ts'
import type { Security } from './secure.ts'

/** How Envoys are known; undefined: they ask without TLS. */
export function xdsSecurity({ xds }: RoutingConfig, { identities, certificate }: Security): XdsSecurity | undefined {
  if (!xdsOverTls(xds)) return undefined
  return {
    tls: { options: { ...tlsServer, ...certificate.context }, keep: (server) => certificate.keep(server) },
    greet(socket: Socket): EnvoyGuest | undefined {
      // HTTP/2 gives it by a proxy that passes on what is asked of it.
      const shown = identities.shownIn(socket as TLSSocket)
      if (shown.kind !== 'node') return undefined
      const { certificate } = shown
      return { node: certificate.node, bounds: boundsOf(certificate.scope), judge: () => identities.judge(certificate) }
    },
    onChange: (listener) => identities.onChange(listener),
  }
}
