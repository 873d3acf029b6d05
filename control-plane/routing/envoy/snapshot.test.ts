import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import t from 'tap'
import { plainListener, plainRoute } from '#test/support/routing/route-tables.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { resourceKinds } from './resource.ts'
import { changedNames, danglingTargets, type Snapshot, SnapshotBuilder } from './snapshot.ts'
import { toJson, toStaticBootstrap } from './static-bootstrap.ts'

const definitions = loadEnvoyDefinitions()

function versionsOf({ resources }: Snapshot) {
  return resourceKinds.map((kind) => [...resources[kind].values()].map(({ name, version }) => [name, version]))
}

const users = service('users', [endpoint(1), endpoint(2)])
const jobs = service('jobs', [endpoint(3)])

await t.test('equal content gets an equal version, also from another builder and other places', async (t) => {
  const one = new SnapshotBuilder(definitions).build(table([users, jobs]))
  const two = new SnapshotBuilder(definitions).build(
    table([service('users', [endpoint(1), endpoint(2)], { source: 'other.yaml:7' }), jobs], { source: 'other.yaml:1' }),
  )
  t.equal(two.version, one.version)
  t.equal(two.resources.cluster.get('users')?.source, 'other.yaml:7')
})

await t.test('what has not changed is not made again', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  const before = builder.build(table([users, jobs]))
  const after = builder.build(table([service('users', [endpoint(1)]), jobs]))
  t.equal(after.resources.endpoints.get('jobs'), before.resources.endpoints.get('jobs'))
  t.equal(after.resources.cluster.get('users'), before.resources.cluster.get('users'))
  t.equal(after.resources.routes.get('edge'), before.resources.routes.get('edge'))
  t.not(after.version, before.version)
  t.strictSame(changedNames(before, after), {
    cluster: [],
    endpoints: ['users'],
    secret: [],
    listener: [],
    routes: [],
  })
})

await t.test('while the declaration is the same, nothing but services is looked at', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  const declared = table([users, jobs])
  const before = builder.build(declared)
  const after = builder.build({ ...declared, services: [service('users', [endpoint(1)]), jobs] })
  for (const kind of ['secret', 'listener', 'routes'] as const) t.equal(after.resources[kind], before.resources[kind])
  t.not(after.resources.endpoints, before.resources.endpoints)
})

await t.test('made from the last one or as a whole, a snapshot is the same', async (t) => {
  const one = fc.record({ ports: fc.uniqueArray(fc.integer({ min: 1, max: 4 })), balance: fc.boolean() })
  const wanted = fc.array(fc.array(one, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 })
  const property = fc.property(wanted, (states) => {
    const builder = new SnapshotBuilder(definitions)
    const declared = table([users, jobs])
    let before: Snapshot | undefined
    for (const services of states) {
      const state = {
        ...declared,
        services: services.map(({ ports, balance }, index) =>
          service(
            `s${index}`,
            ports.map((port) => endpoint(port)),
            { balance: balance ? 'random' : 'round_robin' },
          ),
        ),
      }
      const snapshot = builder.build(state)
      const whole = new SnapshotBuilder(definitions).build(state)
      t.equal(snapshot.version, whole.version)
      t.strictSame(versionsOf(snapshot), versionsOf(whole))
      t.strictSame(changedNames(before, snapshot), changedNames(before, whole))
      before = snapshot
    }
  })
  fc.assert(property, { numRuns: 30 })
})

await t.test('a change of what listeners or routes share makes them anew', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  const declared = table([users, jobs])
  const before = builder.build(declared)
  const after = builder.build({ ...declared, healthPath: '/healthz' })
  t.strictSame(changedNames(before, after).listener, ['port-8080'])
  const tls = { certificates: [{ cert: '/a.pem', key: '/a.key', hosts: [] }], minVersion: '1.2', http2: true } as const
  const listeners = declared.listeners.map((listener) => ({ ...listener, tls }))
  t.match(changedNames(before, builder.build({ ...declared, listeners })), {
    secret: ['/a.pem+/a.key'],
    listener: ['port-8080'],
  })
})

await t.test('what is new, changed or gone is named', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  const before = builder.build(table([users, jobs]))
  const after = builder.build(table([{ ...users, balance: 'least_request' }, service('more')], { listeners: [] }))
  t.strictSame(changedNames(before, after), {
    cluster: ['users', 'more', 'jobs'],
    endpoints: ['more', 'jobs'],
    secret: [],
    listener: ['port-8080'],
    routes: ['edge'],
  })
  t.strictSame(changedNames(undefined, before).cluster, ['users', 'jobs'])
})

await t.test('clusters that are led to and not there are named', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  t.strictSame(danglingTargets(builder.build(table([users, jobs]))), [])
  t.strictSame(danglingTargets(builder.build({ ...table([users, jobs]), services: [jobs] })), ['users'])
})

await t.test('a gateway that is gone is forgotten without harm', async (t) => {
  const builder = new SnapshotBuilder(definitions)
  const { version } = builder.build(table([users]))
  builder.forget('edge')
  t.equal(builder.build(table([users])).version, version)
})

const reviewed = table(
  [
    service('basic-server', [
      endpoint(8080, { instance: 'basic-server-1a2b3c4d', address: '10.0.1.1', site: '阿里云', weight: 50 }),
      endpoint(8180, { instance: 'basic-server-5e6f7a8b', address: '10.0.1.1', site: '阿里云' }),
      endpoint(8080, { instance: 'basic-server-9c0d1e2f', address: 'fd00::7', site: 'tencent', priority: 1 }),
    ]),
    service('looma-crm', [], { balance: 'least_request', ejection: undefined, connectTimeoutMs: 250 }),
  ],
  {
    listeners: [
      { ...plainListener, name: 'port-8080', address: '0.0.0.0', port: 8080, source: 'platform.yaml:5' },
      { ...plainListener, name: 'private', port: 8081, source: 'platform.yaml:6' },
    ],
    logs: { access: '/var/log/envoy/access.log', attempts: '/var/log/envoy/attempts.log' },
    routes: [
      plainRoute('/api/services', 'basic-server', {
        name: 'services',
        path: 'strip',
        timeoutMs: 15_000,
        source: 'platform.yaml:20',
      }),
      plainRoute('/api/cluster', 'looma-crm', {
        name: 'cluster',
        timeoutMs: 2_500,
        retries: 0,
        source: 'platform.yaml:21',
      }),
    ],
  },
)

/** `UPDATE_GOLDEN=1` writes the files anew; review what changed. */
async function golden(name: string, value: unknown): Promise<string> {
  const file = new URL(`golden/${name}`, import.meta.url)
  if (process.env.UPDATE_GOLDEN) await writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`)
  return readFile(file, 'utf8')
}

await t.test('Envoy gets what reviewers have seen', async (t) => {
  t.strictSame(
    JSON.parse(JSON.stringify(toJson(reviewed))),
    JSON.parse(await golden('snapshot.json', toJson(reviewed))),
  )
  const bootstrap = toStaticBootstrap(reviewed)
  t.strictSame(JSON.parse(JSON.stringify(bootstrap)), JSON.parse(await golden('static-bootstrap.json', bootstrap)))
})
