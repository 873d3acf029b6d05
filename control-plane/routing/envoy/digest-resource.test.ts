import t from 'tap'
import { DumpReduction, dumpParts } from '#agent/envoys/dump.ts'
import { JsonLeaves } from '#agent/envoys/json-leaves.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { toCluster } from './cluster.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { ResourceDigests } from './digest-resource.ts'
import { toLoadAssignment } from './load-assignment.ts'
import { toRouteConfiguration } from './routes.ts'
import { SnapshotBuilder } from './snapshot.ts'

const definitions = loadEnvoyDefinitions()
const digests = new ResourceDigests(definitions)

/** As an agent reads it out of an Envoy's dump. */
function read(resource: string, config: object) {
  const part = dumpParts.find((each) => each.resource === resource)
  if (!part) throw new Error(resource)
  const reduction = new DumpReduction(part)
  const json = new JsonLeaves(reduction.leaf)
  json.take(JSON.stringify({ configs: [config] }))
  json.end()
  return reduction.end()[0]?.digest
}

t.test('what is sent has the digest that an agent finds in a dump of it', async (t) => {
  const users = service('users', [endpoint(1), { ...endpoint(2), priority: 1 }, { ...endpoint(3), site: '北京' }])
  const of = table([users], { healthPath: '/healthy', trustedProxies: ['10.0.0.0/8'] })
  const { resources } = new SnapshotBuilder(definitions).build(of)
  for (const [resource, ours, theirs] of [
    // Envoy leaves out what is so by default.
    ['dynamic_active_clusters', resources.cluster.get('users'), { cluster: { ...toCluster(users), lb_policy: '' } }],
    ['dynamic_endpoint_configs', resources.endpoints.get('users'), { endpoint_config: toLoadAssignment(users) }],
    ['dynamic_route_configs', resources.routes.get('edge'), { route_config: toRouteConfiguration(of) }],
  ] as const) {
    if (!ours) throw new Error(`nothing for ${resource}`)
    t.equal(digests.of(ours), read(resource, theirs), resource)
    t.equal(digests.of(ours), digests.of({ ...ours }), 'again')
  }
})

t.test('another content has another digest, and endpoints are told one by one', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  const [before, after] = [[endpoint(1), endpoint(2)], [endpoint(1)]].map((endpoints) =>
    builder.build(table([service('users', endpoints)])).resources.endpoints.get('users'),
  )
  if (!before || !after) throw new Error('no endpoints')
  t.not(digests.of(before), digests.of(after))
  t.equal(digests.endpoints(before).length, 2)
  t.match(digests.endpoints(after), [/^\S+:\d+ weight 100 priority 0$/])
})
