import { readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import type { Authenticator, Listener, RouteTable } from '../table.ts'
import { toJson } from './static-bootstrap.ts'

const people: Authenticator = {
  kind: 'jwt',
  name: 'people',
  source: 'auth.yaml:2',
  permissionsClaim: 'permissions',
  issuer: 'https://auth.example.com',
  audiences: ['heddle'],
  keys: { service: 'zervi-auth', path: '/jwks.json', refreshMs: 300_000 },
}
const zervi: Authenticator = {
  kind: 'external',
  name: 'zervi',
  source: 'auth.yaml:9',
  permissionsClaim: 'permissions',
  service: 'zervi-auth',
  path: '/verify',
  timeoutMs: 1000,
  cacheMs: 30_000,
}
const pem = (name: string) => ({ cert: `/etc/tls/${name}.pem`, key: `/etc/tls/${name}.key` })
const listener = (name: string, port: number, more: Partial<Listener>): Listener => ({
  ...plainListener,
  name,
  port,
  source: 'edge.yaml:3',
  ...more,
})

/** A table with everything in it that a declaration can say. */
const policed: RouteTable = plainTable(
  443,
  [
    plainRoute('/api/cluster', 'looma', {
      path: 'strip',
      policy: {
        access: { kind: 'required', authenticator: 'people', permissions: ['cluster:manage', 'read'] },
        rate: { requests: 100, perMs: 1000, burst: 200, by: 'address' },
        cors: {
          origins: ['https://app.example.com'],
          methods: ['GET', 'POST'],
          headers: ['x-token'],
          expose: ['x-total'],
          credentials: true,
          maxAgeS: 600,
        },
        maxBodyBytes: 1024,
        requestHeaders: { set: [{ name: 'x-share', value: '50%' }], remove: ['x-debug'] },
        responseHeaders: { set: [{ name: 'x-frame-options', value: 'DENY' }], remove: ['server'] },
      },
      mirror: { service: 'shadow', percent: 5 },
      websocket: false,
    }),
    plainRoute('/', 'looma', {
      name: 'split',
      match: {
        hosts: ['*.example.com', 'example.com'],
        clients: ['app', 'web'],
        path: { kind: 'template', path: '/v1/users/{id}' },
        methods: ['GET', 'POST'],
        headers: [{ name: 'x-cohort', is: 'b.1' }],
        query: [{ name: 'debug', present: false }],
      },
      path: { kind: 'rewrite', to: '/users/{id}' },
      choices: [
        { service: 'looma', weight: 90 },
        { service: 'looma-*', weight: 10 },
      ],
      timeoutMs: undefined,
      policy: { access: { kind: 'required', authenticator: 'zervi', permissions: ['read'] } },
    }),
    plainRoute('/old', 'looma', {
      action: {
        kind: 'redirect',
        status: 308,
        scheme: 'https',
        host: 'new.example.com',
        port: undefined,
        path: '/new',
      },
    }),
    plainRoute('/lost', 'looma', {
      policy: { access: { kind: 'required', authenticator: 'nobody', permissions: [] } },
    }),
    plainRoute('/status', 'looma', {
      match: { path: { kind: 'exact', path: '/status' } },
      action: { kind: 'answer', status: 200, contentType: 'text/plain', body: 'fine' },
      policy: { rate: { requests: 60, perMs: 60_000, burst: 1, by: 'route' } },
    }),
  ],
  {
    looma: { endpoints: [plainEndpoint(8080)], balance: 'least_request', slowStartMs: 30_000, maxConnections: 50 },
    'looma-*': { balance: 'ip_hash', ejection: undefined },
    shadow: { balance: 'random', ejection: { failures: 7, forMs: 2_000 } },
    'zervi-auth': { tls: { name: 'auth.internal', ca: '/etc/tls/ca.pem' } },
  },
  {
    proxy: 'envoy',
    authenticators: [people, zervi],
    clients: [
      { id: 'app', rate: undefined, source: 'edge.yaml:20' },
      { id: 'web', rate: { requests: 1000, perMs: 60_000, burst: 50, by: 'route' }, source: 'edge.yaml:21' },
    ],
    trustedProxies: ['10.0.0.0/8', 'fd00::1'],
    healthPath: '/healthz',
    logs: { access: '/var/log/envoy/access.log', attempts: undefined },
    listeners: [
      listener('plain', 80, { redirectToHttps: 443 }),
      listener('web', 443, {
        client: 'web',
        tls: {
          certificates: [
            { ...pem('site'), hosts: ['example.com', '*.example.com'] },
            { ...pem('site-rsa'), hosts: ['*.example.com', 'example.com'] },
            { ...pem('others'), hosts: [] },
          ],
          minVersion: '1.3',
          http2: true,
        },
      }),
      listener('app', 8443, { client: 'app', proxyProtocol: true }),
    ],
  },
)

await t.test('everything that a declaration can say becomes what reviewers have seen', async (t) => {
  const file = new URL('golden/policed.json', import.meta.url)
  const made = onceEach(toJson(policed))
  // `UPDATE_GOLDEN=1` writes the file anew; review what changed.
  if (process.env.UPDATE_GOLDEN) await writeFile(file, `${JSON.stringify(made, undefined, 2)}\n`)
  t.strictSame(JSON.parse(JSON.stringify(made)), JSON.parse(await readFile(file, 'utf8')))
})

/** Long parts that several listeners have alike stand only where they come first. */
function onceEach(json: unknown): unknown {
  const known = new Set<string>()
  return JSON.parse(JSON.stringify(json), (key, value: unknown) => {
    if (key !== 'http_filters' && key !== 'local_reply_config') return value
    const text = JSON.stringify(value)
    if (known.has(text)) return 'as above'
    known.add(text)
    return value
  })
}
