import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { GatewayFiles } from '#shared/protocol/gateway.ts'
import { canaryMark } from '#shared/protocol/gateway-names.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { plainEndpoint, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import type { RouteTable } from '../table.ts'
import { renderNginx } from './render.ts'

// Files for a reviewer. `UPDATE_GOLDEN=1 node --test` on this file writes them anew.
const golden = join(import.meta.dirname, 'golden')

const platform = plainTable(
  8090,
  [
    plainRoute('/api/auth', 'zervi-auth', { path: 'strip', timeoutMs: 15_000 }),
    plainRoute('/api/cluster', 'looma-crm', { source: 'routes.yaml:31' }),
    plainRoute('/', 'basic-server', { retries: 0, source: 'routes.yaml:34' }),
  ],
  {
    'basic-server': [plainEndpoint(8080), plainEndpoint(8180), plainEndpoint(8280)],
    'looma-crm': [],
    'zervi-auth': {
      balance: 'least_request',
      endpoints: [
        plainEndpoint(8207, { address: '10.0.0.7', weight: 200 }),
        plainEndpoint(8207, { address: 'fd00:0:0:0:0:0:0:7' }),
      ],
    },
  },
  { gateway: 'edge-nginx', logs: { access: '/var/log/nginx/heddle-access.log', attempts: undefined } },
)
const unusual = plainTable(
  8080,
  [plainRoute('/resume.v2/x', '简历服务 "$host"; }', { path: 'strip' })],
  {
    '简历服务 "$host"; }': {
      ejection: undefined,
      endpoints: [plainEndpoint(1, { instance: 'a\n} evil' }), plainEndpoint(2, { priority: 1 })],
    },
  },
  { source: '路由.yaml:3' },
)
const lastResort = plainTable(8080, [], { s: [plainEndpoint(1, { priority: 1 }), plainEndpoint(2, { priority: 1 })] })

const token = { kind: 'required', authenticator: 'zervi', permissions: ['cluster:manage'] } as const
const policed = plainTable(
  8090,
  [
    plainRoute('/api/cluster', 'looma-crm', {
      match: { hosts: ['api.example.com'], methods: ['GET', 'POST'], headers: [{ name: 'x-version', is: '2' }] },
      path: { kind: 'rewrite', to: '/v2' },
      mirror: { service: 'looma-new', percent: 10 },
      policy: {
        access: token,
        rate: { requests: 100, perMs: 1000, burst: 20, by: 'address' },
        cors: {
          origins: ['https://app.example.com'],
          methods: ['GET', 'POST'],
          headers: ['authorization'],
          expose: [],
          credentials: true,
          maxAgeS: 600,
        },
        maxBodyBytes: 1024 ** 2,
        requestHeaders: { set: [{ name: 'x-from', value: 'gateway' }], remove: ['cookie'] },
        responseHeaders: { set: [{ name: 'x-frame-options', value: 'DENY' }], remove: ['x-powered-by'] },
      },
    }),
    plainRoute('/', '', {
      name: 'services',
      match: {
        path: { kind: 'template', path: '/services/{name}/calls/{id}' },
        query: [{ name: 'dry', present: false }],
      },
      choices: [
        { service: 'basic-server-*', weight: 90 },
        { service: 'looma-new', weight: 10 },
      ],
      path: { kind: 'rewrite', to: '/calls/{id}' },
      timeoutMs: undefined,
      websocket: false,
    }),
    plainRoute('/old', '', {
      match: { clients: ['web'] },
      action: { kind: 'redirect', status: 308, scheme: undefined, host: undefined, port: undefined, path: '/new' },
    }),
    plainRoute('/secret', '', {
      policy: { access: token },
      action: { kind: 'answer', status: 200, contentType: 'text/plain', body: 'for some\n' },
    }),
  ],
  {
    'basic-server-*': [plainEndpoint(8080), plainEndpoint(8180)],
    'looma-crm': {
      balance: 'ip_hash',
      maxConnections: 100,
      tls: { name: 'crm.internal', ca: '/etc/heddle/ca.pem' },
      endpoints: [plainEndpoint(8207), plainEndpoint(8208, { priority: 1 })],
    },
    'looma-new': { balance: 'random', endpoints: [plainEndpoint(8300)] },
  },
  {
    logs: { access: '/var/log/nginx/heddle-access.log', attempts: undefined },
    healthPath: '/healthz',
    trustedProxies: ['10.0.0.0/8'],
    clients: [{ id: 'web', rate: { requests: 600, perMs: 60_000, burst: 50, by: 'route' }, source: 'clients.yaml:2' }],
    authenticators: [
      {
        kind: 'external',
        name: 'zervi',
        source: 'auth.yaml:2',
        permissionsClaim: 'permissions',
        service: 'zervi-auth',
        path: '/verify',
        timeoutMs: 1000,
        cacheMs: 30_000,
      },
    ],
    listeners: [
      { ...plainListener, name: 'http', address: '0.0.0.0', port: 80, client: 'web', redirectToHttps: 443 },
      {
        ...plainListener,
        name: 'https',
        address: '0.0.0.0',
        port: 443,
        client: 'web',
        tls: {
          certificates: [
            { cert: '/etc/heddle/any.pem', key: '/etc/heddle/any.key', hosts: [] },
            {
              cert: '/etc/heddle/api.pem',
              key: '/etc/heddle/api.key',
              hosts: ['api.example.com', '*.api.example.com'],
            },
          ],
          minVersion: '1.2',
          http2: true,
        },
      },
      { ...plainListener, name: 'balanced', port: 8081, proxyProtocol: true },
    ],
  },
)

for (const [name, table] of Object.entries({ platform, unusual, policed, 'last-resort': lastResort })) {
  t.test(`the files of the table "${name}" are those that were reviewed`, async (t) => {
    const folder = join(golden, name)
    const { files } = renderNginx(table, 7)
    if (process.env.UPDATE_GOLDEN) {
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
      for (const { path, content } of files) await writeFile(join(folder, path), content)
    }
    t.strictSame((await readdir(folder)).sort(), files.map(({ path }) => path).sort())
    for (const { path, content } of files) t.equal(content, await readFile(join(folder, path), 'utf8'), path)
  })
}

t.test('each file names its place in the declaration', async (t) => {
  for (const { path, content, source } of renderNginx(platform, 7).files) {
    t.ok(
      source !== undefined && content.startsWith('# Written by Heddle; do not edit.') && content.includes(source),
      path,
    )
  }
  const listeners = renderNginx(platform, 7).files.find(({ path }) => path.endsWith('listeners.conf'))
  t.match(listeners?.content, 'route "api-cluster", declared at routes.yaml:31')
})

t.test('the order of a table and its revision do not show in the files', async (t) => {
  fc.assert(
    fc.property(anyTable([8080, 8081]), (table) => {
      const other: RouteTable = { ...table, services: table.services.toReversed() }
      const one = renderNginx(table, 1)
      const again = renderNginx(other, 2, table)
      z.parse(GatewayFiles, one)
      return (
        one.version === again.version &&
        !again.urgent &&
        new Set(one.files.map(({ path }) => path)).size === one.files.length
      )
    }),
  )
  t.pass()
})

t.test('another endpoint is another version', async (t) => {
  const [first, ...others] = platform.services
  const { version } = renderNginx(platform, 7)
  const endpoints = [...(first?.endpoints ?? []), plainEndpoint(9)]
  const more = { ...platform, services: [...(first ? [{ ...first, endpoints }] : []), ...others] }
  t.not(renderNginx(more, 7).version, version)
  t.equal(renderNginx(more, 7, platform).urgent, false)
  t.equal(renderNginx(platform, 7, more).urgent, true)
  t.equal(renderNginx(platform, 7).urgent, false, 'the first set takes nothing away')
})

t.test('a canary with users is named in the files, so that the agent sees when they are taken from it', async (t) => {
  const split = (permille: number) => ({
    name: 'crm',
    baseline: 'crm',
    canary: 'next',
    permille,
    cohort: undefined,
    by,
  })
  const by = { kind: 'address' } as const
  const services = { crm: [plainEndpoint(1)], next: [plainEndpoint(2)] }
  for (const [permille, named] of [
    [0, false],
    [10, true],
    [500, true],
    [1000, true],
  ] as const) {
    const table = plainTable(80, [plainRoute('/', 'crm', { split: split(permille) })], services)
    const content = renderNginx(table, 1)
      .files.map((file) => file.content)
      .join('')
    t.equal(content.includes(`\n${canaryMark}crm\n`), named, `${permille}`)
  }
})

t.test('a route that asks for authentication asks for it in every place that it leads to', async (t) => {
  fc.assert(
    fc.property(anyTable([8080, 8081]), (table) => {
      const content = renderNginx(table, 1).files.find(({ path }) => path.endsWith('listeners.conf'))?.content ?? ''
      const asking = table.routes.flatMap(({ policy }, index) => (policy.access.kind === 'required' ? [index] : []))
      const places = [...content.matchAll(/^ {4}location = heddle-r(\d+)(?:-\d+)?(?:-ws)? \{\n([\s\S]*?)^ {4}\}/gm)]
      const found = places.filter(([, index]) => asking.includes(Number(index)))
      if (table.listeners.length > 0 && asking.some((index) => !found.some(([, of]) => Number(of) === index)))
        throw new Error('a route has no place')
      return found.every(([, , lines = '']) => {
        // What answers before tokens are looked at says no more than that it does not: 503, or that it takes no WebSocket.
        const early = lines.match(/^ {8}(?:if .*)?return (\d+)/gm) ?? []
        return /^ {8}auth_request heddle-access-\d+;$/m.test(lines)
          ? early.every((line) => line.includes('if '))
          : early.length === 1 && /return 503/.test(early[0] ?? '')
      })
    }),
    { numRuns: 100 },
  )
  t.pass()
})
