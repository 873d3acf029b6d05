import t from 'tap'
import { renderEnvoyFiles } from '#control-plane/routing/envoy/render-files.ts'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { contentsOf } from '../file-set.ts'
import { composed } from './compose.ts'
import type { Json } from './discovery-file.ts'
import { expectedOf, newlyRejected, type Seen, statName, unproven } from './expected.ts'
import { inotifyRefusal } from './inotify.ts'
import { seenOf } from './read-seen.ts'

const names = envoyFileNames('edge')
const services = [service('users', [endpoint(1)]), service('a:b'), service('a_b', [endpoint(2)])]
const files = composed(contentsOf(renderEnvoyFiles(table(services), 1).files), '/f')
const expected = expectedOf(files, names)

const shown = (more: Partial<Seen> = {}): Seen => ({
  listeners: expected.listeners,
  clusters: expected.clusters,
  routes: expected.routes,
  endpoints: new Map([...expected.endpoints].map(([name, version]) => [statName(name), version])),
  warming: 0,
  rejections: new Map(),
  ...more,
})

for (const { name, seen, missing } of [
  { name: 'all of it', seen: shown(), missing: [] },
  { name: 'nothing yet', seen: shown({ clusters: undefined }), missing: ['clusters'] },
  { name: 'older listeners', seen: shown({ listeners: 'old' }), missing: ['listeners'] },
  { name: 'no routes', seen: shown({ routes: new Map() }), missing: ['routes of edge'] },
  {
    name: 'older endpoints',
    seen: shown({ endpoints: new Map([...shown().endpoints, ['users', 'old']]) }),
    missing: ['endpoints of users'],
  },
  { name: 'a cluster that is not in use yet', seen: shown({ warming: 1 }), missing: ['1 that are warming'] },
]) {
  t.test(`an Envoy that shows ${name} lacks ${missing.join() || 'nothing'}`, async (t) => {
    t.strictSame(unproven(expected, seen), missing)
  })
}

for (const [name, counted] of [
  ['user-service', 'user-service'],
  ['a:b', 'a_b'],
  ['http://a', 'http_a'],
  ['v1.0', 'v1.0'],
  ['简历..', '简历'],
  ['...', ''],
] as const) {
  t.test(`Envoy counts ${name} as ${counted || 'nothing'}`, async (t) => t.equal(statName(name), counted))
}

t.test('routes are expected once a listener asks for them', async (t) => {
  const without = composed(contentsOf(renderEnvoyFiles(table(services, { listeners: [] }), 1).files), '/f')
  t.equal(expectedOf(without, names).routes.size, 0)
})

t.test('a rejection is one since the last look, or since Envoy was started anew', async (t) => {
  const counted = (count: number) => shown({ rejections: new Map([['cds', count]]) })
  t.strictSame(newlyRejected(counted(2), counted(2)), [])
  t.strictSame(newlyRejected(counted(2), counted(3)), ['cds'])
  t.strictSame(newlyRejected(counted(2), counted(1)), ['cds'])
  t.strictSame(newlyRejected(undefined, counted(1)), ['cds'])
  t.strictSame(newlyRejected(undefined, counted(0)), [])
})

t.test("Envoy's statistics say what it serves, and what it rejected", async (t) => {
  const stats = {
    stats: [
      { name: 'cluster_manager.cds.version_text', value: 'c' },
      { name: 'listener_manager.lds.version_text', value: 'l' },
      { name: 'cluster.a_b.version_text', value: 'e' },
      { name: 'cluster.a_b.update_rejected', value: 1 },
      { name: 'cluster.a_b.update_failure', value: 1 },
      { name: 'http.public.rds.edge.update_rejected', value: 3 },
      { name: 'listener_manager.lds.update_failure', value: 0 },
      { name: 'cluster_manager.cds.update_rejected', value: 0 },
      { name: 'cluster_manager.warming_clusters', value: 1 },
      { name: 'listener_manager.total_listeners_warming', value: 2 },
      { name: 'other', value: null },
    ],
  }
  const routes = { configs: [{ version_info: 'r', route_config: { name: 'edge' } }] }
  t.strictSame(seenOf(stats, routes), {
    clusters: 'c',
    listeners: 'l',
    routes: new Map([['edge', 'r']]),
    endpoints: new Map([['a_b', 'e']]),
    warming: 3,
    rejections: new Map([
      ['eds a_b', 2],
      ['rds', 3],
      ['lds', 0],
      ['cds', 0],
    ]),
  })
})

t.test('more services than the kernel lets Envoy watch are refused with the remedy', async (t) => {
  const many = { ...expected, endpoints: new Map(Array.from({ length: 200 }, (_, index) => [`s${index}`, 'v'])) }
  t.match(inotifyRefusal(many, 128), /200 services need 208 inotify instances.*gives a user 128: sysctl .*=1024/)
  t.equal(inotifyRefusal(many, 1024), undefined)
  t.equal(inotifyRefusal(many, undefined), undefined)
  t.match(inotifyRefusal(many, 212, 10), /need 228/)
})

t.test('names that are none, however deep, are no names', async (t) => {
  let deep: Json = []
  for (let depth = 0; depth < 50_000; depth += 1) deep = [deep]
  const { routes } = seenOf({ stats: [] }, { configs: [{ route_config: { name: deep }, version_info: deep }] })
  t.strictSame([...routes], [['', '']])
})
