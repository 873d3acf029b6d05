import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { GatewayFiles } from '#shared/protocol/gateway.ts'
import { anyTable, plainEndpoint, plainRoute, plainTable } from '#test/support/route-tables.ts'
import type { RouteTable } from '../table.ts'
import { renderNginx } from './render.ts'

// Files for a reviewer. `WRITE_GOLDEN=1 node --test` on this file writes them anew.
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
      outlierEjection: false,
      endpoints: [plainEndpoint(1, { instance: 'a\n} evil' }), plainEndpoint(2, { priority: 1 })],
    },
  },
  { source: '路由.yaml:3' },
)
const lastResort = plainTable(8080, [], { s: [plainEndpoint(1, { priority: 1 }), plainEndpoint(2, { priority: 1 })] })

for (const [name, table] of Object.entries({ platform, unusual, 'last-resort': lastResort })) {
  t.test(`the files of the table "${name}" are those that were reviewed`, async (t) => {
    const folder = join(golden, name)
    const { files } = renderNginx(table, 7)
    if (process.env.WRITE_GOLDEN) {
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
