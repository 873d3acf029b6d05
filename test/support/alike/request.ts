import fc from 'fast-check'
import type { RoutedRequest } from '#control-plane/routing/table/request-match.ts'
import { clients, words } from './world.ts'

/** A request as it is written to a socket. */
export type Sent = {
  /** The place of the listener that it goes to. */
  readonly listener: number
  readonly method: string
  readonly target: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

const odd = [
  '%61',
  '%2e%2e',
  '%2F',
  '%5c',
  '%20',
  '%E4%B8%AD',
  '..',
  '.',
  '..;',
  'a;x=1',
  '+',
  "it's",
  '~',
  '%7e',
  'A',
  '7',
]
const part = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words, '7') },
  { weight: 2, arbitrary: fc.constantFrom(...odd) },
)

/**
 * What the proxies are known to read differently (docs/routing.md) is left out: a path that leads above the root, and one with both
 * needless escapes and dots behind a doubled slash or with parameters.
 */
const path = fc
  .tuple(fc.array(part, { maxLength: 5 }), fc.constantFrom('', '', '', '/', '//'), fc.boolean())
  .map(([parts, end, doubled]) => `/${parts.join('/')}${end}`.replace(/^\/a/, doubled ? '//a' : '/a'))
  .filter((text) => !climbs(text) && !(needless.test(text) && oddDots.test(text)))

const needless = /%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)/i
const oddDots = /\/(?:\/.*\.\.|\/.*%2e|\.{1,2};)/i

function climbs(text: string): boolean {
  let depth = 0
  for (const part of text
    .replaceAll(/%2e/gi, '.')
    .replaceAll(/\/(\.{1,2});[^/]*/g, '/$1')
    .split('/')) {
    if (part === '..') depth -= 1
    else if (part !== '.' && part !== '') depth += 1
    if (depth < 0) return true
  }
  return false
}

const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom('v=1', 'v=2', 'v', 'V=1', 'q-1=a%20b', 'v=', 'vv=1', 'next=/a/../b', 'v=1=1', '=', ''), {
        maxLength: 3,
      })
      .map((pairs) => `?${pairs.join('&')}`),
  },
)

const host = fc.constantFrom(
  'a.example',
  'A.Example',
  'a.example:80',
  'b.a.example',
  'c.b.a.example',
  'x.example',
  'example',
  'other',
  '127.0.0.1',
)
const header = fc.constantFrom<readonly [string, string]>(
  ['x-version', '1'],
  ['X-Version', '2.0'],
  ['x-version', '2.0, 1'],
  ['x-version', ''],
  ['x-cohort', 'a b'],
  ['x-cohort', 'a b,c'],
  ['x-user-id', 'u-1'],
  ['x-user-id', 'u-7'],
  ['x-user-id', 'u-9'],
  ['X-User-Id', 'u 2,u-3'],
  ['x-user-id', ''],
  ['x-secret', 's'],
  ['x-client-id', 'client-a'],
  ['x-heddle-subject', 'root'],
  ['x-set', 'from the client'],
  ['authorization', 'Bearer good'],
  ['authorization', 'Bearer reader'],
  ['authorization', 'Bearer bad'],
  ['x-forwarded-for', '9.9.9.9'],
  ['user-agent', 'tests'],
  ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
)

export const anyRequest: fc.Arbitrary<Sent> = fc
  .record({
    listener: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: clients.length })),
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
    path,
    query,
    host,
    headers: fc.array(header, { maxLength: 4 }),
    body: fc.constantFrom('', 'x', 'y'.repeat(100), 'z'.repeat(101), 'w'.repeat(5000)),
  })
  .map(({ listener, method, path, query, host, headers, body }) => ({
    listener,
    method,
    target: path + query,
    headers: [['Host', host] as const, ...oneAuthorization(headers)],
    body: method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? '' : body,
  }))

/** A client sends one; proxies refuse more. */
function oneAuthorization(headers: readonly (readonly [string, string])[]) {
  const first = headers.findIndex(([name]) => name === 'authorization')
  return headers.filter(([name], place) => name !== 'authorization' || place === first)
}

/** The request as the rule of matching sees it. */
export function asRouted({ listener, method, target, headers }: Sent): RoutedRequest {
  const [, host] = headers.find(([name]) => name.toLowerCase() === 'host') ?? []
  return { method, target, host, client: clients[listener - 1], headers, address: '127.0.0.1' }
}
