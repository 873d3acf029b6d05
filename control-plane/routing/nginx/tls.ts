import type { Certificate } from '../table/listener.ts'
import type { Listener } from '../table.ts'
import type { Names } from './names.ts'
import { quoted } from './quote.ts'

/** Listeners that one server block can stand for, and the server blocks that they need: one for each set of certificates. */
export type ListenerGroup = {
  readonly listeners: readonly Listener[]
  readonly shown: readonly { readonly hosts: readonly string[]; readonly certificates: readonly Certificate[] }[]
}

/** Listeners side by side that differ in nothing but their address and their client. The first of `shown` is the one without names. */
export function listenerGroups(listeners: readonly Listener[]): readonly ListenerGroup[] {
  const groups = Map.groupBy(listeners, ({ tls, proxyProtocol }) => JSON.stringify([tls, proxyProtocol]))
  return [...groups.values()].map((own) => ({ listeners: own, shown: shownBy(own[0]?.tls?.certificates ?? []) }))
}

/** Names that have the same certificates (one for each kind of key, say) are together. */
function shownBy(certificates: readonly Certificate[]): ListenerGroup['shown'] {
  const nameless = certificates.filter(({ hosts }) => hosts.length === 0)
  const others = nameless.length > 0 ? nameless : certificates.slice(0, 1)
  const hosts = [...new Set(certificates.flatMap((certificate) => certificate.hosts))].sort()
  const ofHost = (host: string) => certificates.filter((certificate) => certificate.hosts.includes(host))
  const named = Map.groupBy(hosts, (host) => JSON.stringify(ofHost(host)))
  return [
    { hosts: [], certificates: others },
    ...[...named.values()].map((own) => ({ hosts: own, certificates: ofHost(own[0] ?? '') })),
  ]
}

export function tlsLines(
  { tls }: Pick<Listener, 'tls'>,
  certificates: readonly Certificate[],
  names: Names,
): readonly string[] {
  if (!tls) return []
  return [
    ...certificates.flatMap(({ cert, key }) => [
      `ssl_certificate ${quoted(cert)};`,
      `ssl_certificate_key ${quoted(key)};`,
    ]),
    `ssl_protocols ${tls.minVersion === '1.2' ? 'TLSv1.2 ' : ''}TLSv1.3;`,
    `ssl_session_cache shared:${names.tlsSessions}:2m;`,
    'ssl_session_timeout 1h;',
  ]
}
