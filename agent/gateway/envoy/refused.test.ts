import fc from 'fast-check'
import t from 'tap'
import { renderEnvoyFiles } from '#control-plane/routing/envoy/render-files.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { anyTable } from '#test/support/routing/any-table.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { contentsOf } from '../file-set.ts'
import { staticBootstrap } from './bootstrap.ts'
import { composed, endpointsFileOf } from './compose.ts'
import { discoveryText, headOf, type JsonObject, parseDiscovery, resourceTypes } from './discovery-file.ts'
import { shownClusters, shownListeners } from './find-guilty.ts'
import { complaintIn, rejectionIn } from './read-complaint.ts'
import { refusedResource } from './refused.ts'

const names = envoyFileNames('edge')
const rules = { allow: { logs: ['/var/log/envoy'], certificates: ['/etc/tls'] }, controlPorts: [9901] }
const files = contentsOf(renderEnvoyFiles(table([service('users', [endpoint(1)])]), 1).files)
const cluster = (more: JsonObject) => {
  const json = { '@type': resourceTypes.cluster, name: 'x', ...more }
  return new Map([...files, [names.clusters, discoveryText({ type: 'cluster', resources: new Map([['x', json]]) })]])
}

const fileLog = (path: string) => ({
  '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
  path,
})

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
    set: cluster({ typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua' } }),
    error: /lua.v3.Lua is not taken from the plane \("x" of heddle-edge-cds.json\)/,
  },
  {
    name: 'that hides a type in another',
    set: cluster({ typed_config: { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', value: {} } }),
    error: /TypedStruct is not taken/,
  },
  {
    name: 'that names a type of another place',
    set: cluster({ typed_config: { '@type': 'example.com/envoy.config.cluster.v3.Cluster' } }),
    error: /type example.com/,
  },
  {
    name: 'that reads a file',
    set: cluster({ body: { filename: '/etc/shadow' } }),
    error: /filename \/etc\/shadow is not/,
  },
  {
    name: 'that names an authority for TLS',
    set: cluster({ validation_context: { trusted_ca: { filename: '/etc/tls/ca.pem' } } }),
    error: undefined,
  },
  {
    name: 'that names one elsewhere',
    set: cluster({ validation_context: { trusted_ca: { filename: '/etc/tls/../shadow' } } }),
    error: /filename \/etc\/tls\/..\/shadow is not/,
  },
  {
    name: 'that reads the environment for TLS',
    set: cluster({ private_key: { environment_variable: 'SECRET' } }),
    error: /environment_variable is not taken/,
  },
  {
    name: 'that spells it otherwise',
    set: cluster({ private_key: { environmentVariable: 'SECRET' } }),
    error: /environmentVariable is not taken/,
  },
  {
    name: 'that leads to files elsewhere',
    set: cluster({ eds_cluster_config: { eds_config: { path_config_source: { path: '/etc/passwd' } } } }),
    error: /path \/etc\/passwd is not/,
  },
  {
    name: 'that spells that otherwise',
    set: cluster({ pathConfigSource: { path: '/etc/passwd' } }),
    error: /pathConfigSource is/,
  },
  {
    name: 'that calls a socket',
    set: cluster({ endpoint: { address: { pipe: { path: '/run/docker.sock' } } } }),
    error: /pipe is/,
  },
  {
    name: 'that leads to its own admin page',
    set: cluster({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 9901 } } } }),
    error: /address 127.0.0.1:9901 is not/,
  },
  {
    name: 'that asks another for its configuration',
    set: cluster({ eds_cluster_config: { eds_config: { api_config_source: { api_type: 'GRPC' } } } }),
    error: /api_config_source is/,
  },
  { name: 'that has an extension come later', set: cluster({ config_discovery: {} }), error: /config_discovery is/ },
  {
    name: 'that logs elsewhere',
    set: cluster({ access_log: [{ typed_config: fileLog('/etc/cron.d/x') }] }),
    error: /path \/etc\/cron.d\/x is not/,
  },
  {
    name: 'that logs',
    set: cluster({ access_log: [{ typed_config: fileLog('/var/log/envoy/x') }] }),
    error: undefined,
  },
  {
    name: 'that tells a file to clients',
    set: cluster({ response_headers_to_add: [{ header: { key: 'x', value: 'a %FILE_CONTENT(/etc/shadow)%' } }] }),
    error: /%FILE_CONTENT% is not/,
  },
  {
    name: 'that logs the environment',
    set: cluster({ json_format: { anything: '%ENVIRONMENT(SECRET)%' } }),
    error: /%ENVIRONMENT% is not/,
  },
  {
    name: 'whose texts only look like that',
    set: cluster({ response_headers_to_add: [{ header: { key: 'x', value: '%%ENVIRONMENT(SECRET)%% 100%%' } }] }),
    error: undefined,
  },
  {
    name: 'that says something twice',
    set: new Map([...files, [names.routes, (files.get(names.routes) ?? '').replace('"name":', '"name":"x","name":')]]),
    error: /not written as Heddle writes it/,
  },
]) {
  t.test(`a set ${name} is ${error ? 'refused' : 'taken'}`, async (t) => {
    if (error) t.match(refusedResource(set, names, rules), { error })
    else t.equal(refusedResource(set, names, rules), undefined)
  })
}

t.test('whatever the plane renders of any declaration is taken', async (t) => {
  const pem = { cert: '/etc/tls/site.pem', key: '/etc/tls/site.key', ca: '/etc/tls/ca.pem' }
  const frames = fc.record({
    logs: fc.constantFrom(
      { access: undefined, attempts: undefined },
      { access: '/var/log/envoy/a', attempts: '/var/log/envoy/b' },
    ),
    trustedProxies: fc.constantFrom([], ['10.0.0.0/8', '::1/128']),
    healthPath: fc.constantFrom(undefined, '/healthz'),
    slowStartMs: fc.constantFrom(undefined, 1000),
  })
  fc.assert(
    fc.property(anyTable([8080, 8081], pem), frames, (any, { slowStartMs, ...frame }) => {
      const services = any.services.map((each) => ({ ...each, slowStartMs }))
      const set = contentsOf(renderEnvoyFiles({ ...any, ...frame, services, proxy: 'envoy' }, 1).files)
      const found = refusedResource(set, envoyFileNames(any.gateway), rules)
      if (found) throw new Error(JSON.stringify(found))
    }),
    { numRuns: 200 },
  )
  t.pass()
})

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
  t.equal(refusedResource(set, names, rules), undefined)
  const tested = JSON.stringify(staticBootstrap(composed(set, '/etc/envoy/heddle'), names))
  t.match(tested, '"private_key":{"filename":"/etc/tls/a.key"}')
  t.notMatch(tested, 'sds_config')
})
