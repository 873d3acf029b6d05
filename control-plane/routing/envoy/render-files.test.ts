import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import { GatewayFiles } from '#shared/protocol/gateway.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { type RenderedEndpoints, renderEnvoyFiles } from './render-files.ts'

const names = envoyFileNames('edge')
const users = service('users', [endpoint(1), endpoint(2)], { source: 'routes.yaml:7' })
const jobs = service('jobs', [endpoint(3)], { source: 'routes.yaml:8' })

t.test('equal content gets an equal version, also at other places of the declaration', async (t) => {
  const one = renderEnvoyFiles(table([users, jobs]), 1)
  const two = renderEnvoyFiles(table([{ ...users, source: 'other.yaml:1' }, jobs], { source: 'other.yaml:2' }), 2)
  t.equal(two.version, one.version)
  t.equal(two.revision, 2)
})

t.test('a change of endpoints is one other file, and a removal is urgent', async (t) => {
  const rendered: RenderedEndpoints = new WeakMap()
  const before = table([users, jobs])
  const one = renderEnvoyFiles(before, 1, undefined, rendered)
  const after = table([service('users', [endpoint(1)], { source: 'routes.yaml:7' }), jobs])
  const two = renderEnvoyFiles(after, 2, before, rendered)
  const changed = two.files.filter(
    ({ path, content }) => one.files.find((file) => file.path === path)?.content !== content,
  )
  t.strictSame(
    changed.map(({ path }) => path),
    [names.endpoints('users')],
  )
  t.match([one.urgent, two.urgent], [false, true])
})

t.test('every file, and every resource of a file that holds several, says where it was declared', async (t) => {
  const { files } = renderEnvoyFiles(table([users, jobs]), 1)
  const sources = Object.fromEntries(files.map(({ path, source, sources }) => [path, { source, sources }]))
  t.match(sources, {
    [names.clusters]: { source: 'routes.yaml:2', sources: { users: 'routes.yaml:7', jobs: 'routes.yaml:8' } },
    [names.listeners]: { source: 'routes.yaml:2', sources: { 'port-8080': 'routes.yaml:3' } },
    [names.routes]: { source: 'routes.yaml:2' },
    [names.endpoints('users')]: { source: 'routes.yaml:7' },
  })
})

t.test('any table gives a set of files that fits the protocol, none of them twice', async (t) => {
  fc.assert(
    fc.property(anyTable([8080, 8081]), (any) => {
      const files = GatewayFiles.parse(renderEnvoyFiles({ ...any, proxy: 'envoy' }, 1)).files
      return (
        new Set(files.map(({ path }) => path)).size === files.length &&
        files.every(({ content }) => typeof JSON.parse(content).version_info === 'string')
      )
    }),
    { numRuns: 50 },
  )
  t.pass()
})

t.test('Envoy gets the files that reviewers have seen', async (t) => {
  const golden = new URL('golden/files.json', import.meta.url)
  const services = [
    service('basic-server', [endpoint(8080), endpoint(8180, { priority: 1, site: 'tencent' })]),
    service('looma-crm'),
  ]
  const { files } = renderEnvoyFiles(table(services), 1)
  const seen = Object.fromEntries(files.map(({ path, content }) => [path, JSON.parse(content)]))
  // `UPDATE_GOLDEN=1` writes the file anew; review what changed.
  if (process.env.UPDATE_GOLDEN) await writeFile(golden, `${JSON.stringify(seen, undefined, 2)}\n`)
  t.strictSame(seen, JSON.parse(await readFile(golden, 'utf8')))
})
