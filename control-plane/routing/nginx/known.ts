import { drainFileVariable } from '#shared/protocol/gateway-names.ts'
import type { RouteTable } from '../table.ts'
import { listenerMaps } from './listener-maps.ts'
import type { Names } from './names.ts'
import { websocketEnd } from './places.ts'
import { quoted } from './quote.ts'
import { ambiguous, needlesslyEscaped, rawPath, readOtherwise } from './raw-path.ts'

/** What is known of every request, whatever becomes of it, as variables of nginx. */
export function knownOfRequests(table: RouteTable, names: Names): string {
  const v = (purpose: string) => `$${names.variable(purpose)}`
  const map = (from: string, to: string, entries: readonly string[]) =>
    `map ${from} ${v(to)} {\n${entries.map((entry) => `    ${entry};`).join('\n')}\n}`
  return [
    `geo ${v('dollar')} { default "$"; }`,
    // Nowhere; the agent beside this Nginx says where, in its own file after this one.
    `geo ${v(drainFileVariable)} { default /dev/null/none; }`,
    // An answer without a body still needs a text, or nginx writes one of its own.
    `geo ${v('nothing')} { default ""; }`,
    map('$http_upgrade', 'upgrade', ['default ""', '"~*^websocket$" websocket']),
    map(v('upgrade'), 'connection', ['default ""', 'websocket upgrade']),
    map(v('upgrade'), 'ws', ['default ""', `websocket ${websocketEnd}`]),
    // Where the request line names a server, that counts and not the Host header.
    map('$request', 'authority', ['default $http_host', quoted(absolute).concat(' $1')]),
    map(v('authority'), 'host', [`default ${v('authority')}`, '"" $host']),
    map('$http_x_request_id', 'request_id', ['default $request_id', '"~^[A-Za-z0-9._:-]{1,128}$" $http_x_request_id']),
    map('$request_uri', 'path', ['default ""', ...rawPath.map(({ pattern, value }) => `${quoted(pattern)} ${value}`)]),
    map('$request_uri', 'query', ['default ""', String.raw`"~^[^?]*(\\?.*)$" $1`]),
    map('$request_uri', 'ambiguous', ['default 0', `${quoted(ambiguous)} 1`]),
    map('$request_uri', 'escaped', ['default 0', `${quoted(needlesslyEscaped)} 1`]),
    map('$request_uri', 'otherwise', ['default 0', `${quoted(readOtherwise)} 1`]),
    map(v('escaped'), 'compared', [`default ${v('path')}`, '1 $uri']),
    map(`"${v('ambiguous')}${v('escaped')}${v('otherwise')}${v('path')}"`, 'refused', [
      'default 1',
      '"~^0(?:0.|.0)/" 0',
    ]),
    // The method that a browser asks leave for.
    map('"$request_method $http_access_control_request_method $http_origin"', 'preflight', [
      'default -',
      '"~^OPTIONS ([A-Z]{1,20}) ." $1',
    ]),
    map('$proxy_protocol_addr', 'peer', ['default $proxy_protocol_addr', '"" $realip_remote_addr']),
    map('$http_x_forwarded_for', 'forwarded', [`default "$http_x_forwarded_for, ${v('peer')}"`, `"" ${v('peer')}`]),
    ...listenerMaps(table.listeners, names),
  ].join('\n')
}

const absolute = String.raw`~^\S+ [A-Za-z][A-Za-z0-9+.-]*://([^/?# ]+)`
