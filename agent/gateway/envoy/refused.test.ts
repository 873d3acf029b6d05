import t from 'tap'
import { renderEnvoyFiles } from '#control-plane/routing/envoy/render-files.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { contentsOf } from '../file-set.ts'
import { staticBootstrap } from './bootstrap.ts'
import { composed, endpointsFileOf } from './compose.ts'
import { discoveryText, headOf, type JsonObject, parseDiscovery, resourceTypes } from './discovery-file.ts'
import { shownClusters, shownListeners } from './find-guilty.ts'
import { complaintIn, rejectionIn } from './read-complaint.ts'
import { refusedResource } from './refused.ts'

const names = envoyFileNames('edge')
const files = contentsOf(renderEnvoyFiles(table([service('users', [endpoint(1)])]), 1).files)
const cluster = (more: JsonObject) => {
  const json = { '@type': resourceTypes.cluster, name: 'x', ...more }
  return new Map([...files, [names.clusters, discoveryText({ type: 'cluster', resources: new Map([['x', json]]) })]])
}

for (const { name, set, error } of [
  { name: 'as the plane renders it', set: files, error: undefined },
  { name: 'without clusters', set: new Map([...files].slice(1)), error: /the set has no heddle-edge-cds.json/ },
  { name: 'with text', set: new Map([...files, [names.routes, 'x']]), error: /heddle-edge-rds.json is no discovery/ },
  {
    name: 'with routes for listeners',
    set: new Map([...files, [names.listeners, files.get(names.routes) ?? '']]),
    error: /lds.json is no/,
  },
  {
    name: 'that runs code',
    set: cluster({ a: [{ '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua' }] }),
    error: /lua.v3.Lua is not taken from the plane \("x" of heddle-edge-cds.json\)/,
  },
  { name: 'that reads a file', set: cluster({ a: { filename: '/etc/shadow' } }), error: /filename is not taken/ },
  {
    name: 'that names an authority for TLS',
    set: cluster({ a: { trusted_ca: { filename: '/etc/tls/ca.pem' } } }),
    error: undefined,
  },
  {
    name: 'that reads the environment for TLS',
    set: cluster({ a: { private_key: { environment_variable: 'SECRET' } } }),
    error: /environment_variable is not taken/,
  },
  {
    name: 'that leads to files elsewhere',
    set: cluster({ a: { path_config_source: { path: '/etc/passwd' } } }),
    error: /path \/etc\/passwd is not/,
  },
]) {
  t.test(`a set ${name} is ${error ? 'refused' : 'taken'}`, async (t) => {
    if (error) t.match(refusedResource(set, names), { error })
    else t.equal(refusedResource(set, names), undefined)
  })
}

t.test('files name each other by their whole paths, however often they are composed', async (t) => {
  const once = composed(files, '/etc/envoy/heddle')
  const resource = parseDiscovery(once.get(names.clusters) ?? '')?.resources.get('users')
  t.match(JSON.stringify(resource), `"path":"/etc/envoy/heddle/${names.endpoints('users')}"`)
  t.equal(endpointsFileOf(resource ?? {}), names.endpoints('users'))
  t.match(once.get(names.listeners), `"path":"/etc/envoy/heddle/${names.routes}"`)
  t.strictSame(composed(once, '/etc/envoy/heddle'), once)
  t.equal(endpointsFileOf({}), undefined)
})

t.test('the head of a file says its version, however it is written', async (t) => {
  const content = files.get(names.clusters) ?? ''
  const version = parseDiscovery(content)?.version
  t.strictSame(headOf(content), { version, empty: false })
  t.strictSame(headOf(JSON.stringify(JSON.parse(content), undefined, 2)), { version, empty: false })
  t.match(headOf(discoveryText({ type: 'endpoints', resources: new Map() })), { empty: true })
  t.equal(headOf('nonsense'), undefined)
})

for (const content of [
  '',
  '[]',
  '{"version_info":"1","resources":[]}',
  `{"version_info":"1","type_url":"${resourceTypes.cluster}","resources":[{"name":"a"}]}`,
]) {
  t.test(`${content || 'nothing'} is no discovery response`, async (t) => t.equal(parseDiscovery(content), undefined))
}

t.test('what Envoy shows of clusters and listeners is read, also where some of it is missing', async (t) => {
  t.strictSame(shownClusters({ configs: [{ version_info: 'v', cluster: { name: 'a' } }, {}, null] }), [
    { name: 'a', version: 'v', error: undefined },
    { name: '', version: 'undefined', error: undefined },
  ])
  t.match(
    shownListeners({
      configs: [{ name: 'l', active_state: { version_info: 'v' }, error_state: { details: 'taken' } }],
    }),
    [{ name: 'l', version: 'v', error: 'taken' }, { version: '' }],
  )
  t.strictSame(shownListeners({}), [])
})

t.test("the complaint is found in Envoy's log and in what its test says", async (t) => {
  t.equal(
    rejectionIn(
      '[2026-11-21] Filesystem config update rejected: one\n[2026-11-21] Filesystem config update failure: two\n[2026-11-21] x\n',
    ),
    'two',
  )
  t.equal(rejectionIn('all is well'), undefined)
  t.equal(
    complaintIn("[c] error initializing configuration '/x.json': malformed IP address: nowhere\n[2026-11-21] end\n"),
    'malformed IP address: nowhere',
  )
  const long = ': goo.gle/debugstr  \ncluster {\n}\n: Proto constraint validation failed (Weight: value\nmust be 1)\n'
  t.equal(
    complaintIn(`error initializing configuration '/x'${long}`),
    'Proto constraint validation failed (Weight: value must be 1)',
  )
  t.equal(complaintIn('odd\n'), 'odd')
  t.equal(complaintIn(''), 'it ended without a word')
})

t.test('certificates are taken with their files, and stand in the listener where it is tested', async (t) => {
  const certificates = [{ cert: '/etc/tls/a.pem', key: '/etc/tls/a.key', hosts: [] }]
  const tls = { certificates, minVersion: '1.2', http2: true } as const
  const declared = table([service('users', [endpoint(1)])])
  const listeners = declared.listeners.map((listener) => ({ ...listener, tls }))
  const set = contentsOf(renderEnvoyFiles({ ...declared, listeners }, 1).files)
  t.equal(refusedResource(set, names), undefined)
  const tested = JSON.stringify(staticBootstrap(composed(set, '/etc/envoy/heddle'), names))
  t.match(tested, '"private_key":{"filename":"/etc/tls/a.key"}')
  t.notMatch(tested, 'sds_config')
})
