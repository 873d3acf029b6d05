import fc from 'fast-check'
import { pino } from 'pino'
import t from 'tap'
import { EnvoyModel, versionsOf } from '#test/support/envoy/model.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import type { RouteTable } from '../table.ts'
import { Channel } from './channel.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { SnapshotBuilder } from './snapshot.ts'

const definitions = loadEnvoyDefinitions()
const log = pino({ level: 'silent' })

function setUp() {
  const builder = new SnapshotBuilder(definitions)
  let rejections = 0
  const channel = new Channel({ gateway: 'edge', log, onRejected: () => (rejections += 1) })
  let revision = 0
  const offer = (wanted: RouteTable, ...besides: readonly ReturnType<typeof service>[]) => {
    revision += 1
    const snapshot = builder.build(wanted, besides)
    channel.offer(snapshot, revision)
    return snapshot
  }
  return { channel, offer, rejections: () => rejections }
}

const users = service('users', [endpoint(1), endpoint(2)])
const jobs = service('jobs', [endpoint(3)])

await t.test('an Envoy that connects gets everything, and has proven it', async (t) => {
  const { channel, offer } = setUp()
  const snapshot = offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  for (let steps = 0; envoy.has.routes.size === 0; steps += 1) {
    t.equal(channel.proven, undefined, `nothing is proven after ${steps} answers`)
    t.ok(channel.lagMs(Date.now() + 1000) >= 1000)
    envoy.step()
  }
  envoy.settle()
  t.equal(channel.lagMs(Date.now() + 1000), 0)
  t.strictSame(versionsOf(envoy.has), versionsOf(snapshot.resources))
  t.strictSame(envoy.faults, [])
  t.equal(channel.proven?.revision, 1)
})

await t.test('an Envoy that connects before anything is offered is answered once something is', async (t) => {
  const { channel, offer } = setUp()
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  t.equal(envoy.waiting, 0)
  const snapshot = offer(table([users]))
  envoy.settle()
  t.strictSame(versionsOf(envoy.has), versionsOf(snapshot.resources))
})

await t.test('a change of endpoints is one frame with the same bytes for every stream', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users, jobs]))
  const envoys = [new EnvoyModel(definitions), new EnvoyModel(definitions), new EnvoyModel(definitions)]
  for (const envoy of envoys) {
    envoy.connect(channel)
    envoy.settle()
    envoy.received.length = 0
  }
  const before = channel.figures.frames
  offer(table([service('users', [endpoint(1)]), jobs]))
  t.equal(channel.figures.frames, before + 1)
  const [first] = envoys[0]?.received ?? []
  for (const { received } of envoys) {
    t.equal(received.length, 1)
    t.strictSame(received[0], first)
  }
  t.strictSame([first?.kind, first?.upserts.map(({ name }) => name)], ['endpoints', ['users']])
})

await t.test('the same content at a newer revision is proven without a word from the Envoys', async (t) => {
  const { channel, offer } = setUp()
  const snapshot = offer(table([users]))
  for (const envoy of [new EnvoyModel(definitions), new EnvoyModel(definitions)]) {
    envoy.connect(channel)
    envoy.settle()
  }
  channel.offer(snapshot, 7)
  t.equal(channel.proven?.revision, 7)
  t.equal(channel.lagMs(Date.now() + 1000), 0)
})

await t.test('all is proven that the slowest Envoy has proven, and more once that one is gone', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users]))
  const [quick, slow] = [new EnvoyModel(definitions), new EnvoyModel(definitions)]
  for (const envoy of [quick, slow]) {
    envoy.connect(channel)
    envoy.settle()
  }
  offer(table([service('users', [endpoint(1)])]))
  quick.settle()
  t.equal(channel.proven?.revision, 1)
  slow.disconnect()
  t.equal(channel.proven?.revision, 2)
})

await t.test('a changed cluster is followed by its endpoints, although these are the same', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  envoy.received.length = 0
  offer(table([{ ...users, balance: 'least_request' }, jobs]))
  envoy.step()
  t.strictSame([...envoy.warming], ['users'])
  envoy.settle()
  t.strictSame([...envoy.warming], [])
  t.strictSame(
    envoy.received.map(({ kind, upserts }) => [kind, ...upserts.map(({ name }) => name)]),
    [
      ['cluster', 'users'],
      ['endpoints', 'users'],
    ],
  )
})

await t.test('a cluster whose stream ends before its endpoints have come gets them from the next stream', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  offer(table([{ ...users, balance: 'least_request' }, jobs]))
  envoy.step()
  t.strictSame([...envoy.warming], ['users'])
  envoy.disconnect()
  envoy.connect(channel)
  envoy.settle()
  t.strictSame([...envoy.warming], [])
})

await t.test('a route to a new service goes out when its cluster and endpoints are there', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  envoy.received.length = 0
  offer(table([users, jobs]))
  envoy.settle()
  t.strictSame(
    envoy.received.map(({ kind }) => kind),
    ['cluster', 'endpoints', 'routes'],
  )
  t.strictSame(envoy.faults, [])
})

await t.test('a service that leaves is taken away after the route to it, in that order', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  envoy.received.length = 0
  offer(table([users]))
  t.equal(envoy.waiting, 1, 'the cluster stays until the routes are confirmed')
  envoy.settle()
  t.strictSame(
    envoy.received.map(({ kind, removed }) => [kind, removed]),
    [
      ['routes', []],
      ['cluster', ['jobs']],
    ],
  )
  t.strictSame(envoy.faults, [])
})

await t.test('an unchanged Envoy that comes back gets empty answers, also from a new plane', async (t) => {
  const one = setUp()
  one.offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(one.channel)
  envoy.settle()
  envoy.disconnect()
  envoy.received.length = 0
  const two = setUp()
  two.offer(table([service('users', [endpoint(1), endpoint(2)]), service('jobs', [endpoint(3)])]))
  envoy.connect(two.channel)
  envoy.settle()
  t.strictSame(envoy.received.map(({ kind }) => kind).sort(), ['cluster', 'endpoints', 'listener', 'routes'])
  for (const { kind, upserts, removed } of envoy.received) t.strictSame([...upserts, ...removed], [], kind)
  t.equal(two.channel.proven?.revision, 1)
})

await t.test('an Envoy that comes back to a plane without state keeps what it has', async (t) => {
  const one = setUp()
  one.offer(table([users]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(one.channel)
  envoy.settle()
  envoy.disconnect()
  const two = setUp()
  envoy.connect(two.channel)
  t.equal(envoy.waiting, 0)
  two.offer(table([users, jobs]))
  envoy.settle()
  t.strictSame([...envoy.has.cluster.keys()], ['users', 'jobs'])
  t.strictSame(envoy.faults, [])
})

await t.test(
  'a service that left while the plane was away goes only after the routes that nobody knows are replaced',
  async (t) => {
    const one = setUp()
    one.offer(table([users, jobs]))
    const envoy = new EnvoyModel(definitions)
    envoy.connect(one.channel)
    envoy.settle()
    envoy.disconnect()
    const two = setUp()
    const snapshot = two.offer(table([users]))
    envoy.connect(two.channel)
    envoy.settle()
    t.strictSame(versionsOf(envoy.has), versionsOf(snapshot.resources))
    t.strictSame(envoy.faults, [])
  },
)

await t.test('whoever asks again is answered with what it asked for', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  envoy.received.length = 0
  envoy.resubscribe('endpoints', 'users')
  t.strictSame(
    envoy.received.map(({ upserts }) => upserts.map(({ name }) => name)),
    [['users']],
  )
  envoy.resubscribe('endpoints', 'nothing')
  t.strictSame(envoy.received[1]?.removed, ['nothing'])
})

await t.test('a slow reader holds names, not answers, and gets the newest state when it reads on', async (t) => {
  const { channel, offer } = setUp()
  const many = Array.from({ length: 2000 }, (_, index) => endpoint(index + 1))
  offer(table([service('users', many)]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  envoy.received.length = 0
  envoy.blocked = true
  for (let port = 0; port < 50; port += 1) offer(table([service('users', many.slice(port))]))
  t.equal(envoy.received.length, 1)
  envoy.blocked = false
  envoy.release()
  envoy.settle()
  t.equal(envoy.received.length, 2)
  t.equal(JSON.stringify(envoy.has.endpoints.get('users')?.content).split('port_value').length - 1, 1951)
  t.equal(channel.proven?.revision, 51)
})

await t.test('of a rejected answer everything is sent again alone, and only the guilty one is parked', async (t) => {
  const { channel, offer, rejections } = setUp()
  offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  const bad = { name: 'jobs' }
  envoy.connect(channel)
  envoy.settle()
  const good = envoy.has.cluster.get('jobs')?.version
  envoy.received.length = 0
  envoy.rejects = (kind, name, version) =>
    kind === 'cluster' && name === bad.name && version !== good ? 'no good' : undefined
  const slower = [users, jobs].map((one) => ({ ...one, connectTimeoutMs: 5000, source: `routes.yaml:${one.name}` }))
  offer(table(slower))
  envoy.settle()
  t.strictSame(
    envoy.received.filter(({ kind }) => kind === 'cluster').map(({ upserts }) => upserts.map(({ name }) => name)),
    [['jobs', 'users'], ['jobs'], ['users']],
  )
  t.equal(envoy.has.cluster.get('jobs')?.version, good)
  t.not(envoy.has.cluster.get('users')?.version, good)
  t.strictSame([...envoy.warming], [])
  t.strictSame(
    channel.parking.all().map(({ resource, error, by }) => [resource.source, error, by]),
    [['routes.yaml:jobs', 'jobs: no good', 'model']],
  )
  t.equal(rejections(), 1)

  await t.test('nothing of it is sent again until it changes', async (t) => {
    envoy.received.length = 0
    offer(table([...slower, service('more')]))
    envoy.settle()
    t.notOk(
      envoy.received.some(({ kind, upserts }) => kind === 'cluster' && upserts.some(({ name }) => name === 'jobs')),
    )
  })
  await t.test('endpoints go on', async (t) => {
    offer(table([slower[0] ?? users, { ...(slower[1] ?? jobs), endpoints: [] }]))
    envoy.settle()
    t.notOk(JSON.stringify(envoy.has.endpoints.get('jobs')?.content).includes('port_value'))
  })
  await t.test('a new Envoy gets its last good version', async (t) => {
    const fresh = new EnvoyModel(definitions)
    fresh.rejects = envoy.rejects
    fresh.connect(channel)
    fresh.settle()
    t.equal(fresh.has.cluster.get('jobs')?.version, good)
    t.strictSame(fresh.faults, [])
    fresh.disconnect()
  })
  await t.test('the next version is tried', async (t) => {
    envoy.rejects = () => undefined
    const snapshot = offer(table([users, { ...jobs, connectTimeoutMs: 7000 }]))
    envoy.settle()
    t.strictSame(versionsOf(envoy.has), versionsOf(snapshot.resources))
    t.strictSame(channel.parking.all(), [])
  })
})

await t.test('a new service that is rejected does not hold back the routes to others', async (t) => {
  const { channel, offer } = setUp()
  const envoy = new EnvoyModel(definitions)
  envoy.rejects = (kind, name) => (kind === 'cluster' && name === 'jobs' ? 'no good' : undefined)
  offer(table([users, jobs]))
  envoy.connect(channel)
  envoy.settle()
  t.ok(envoy.has.routes.has('edge'))
  t.strictSame(envoy.faults, ['a route leads to jobs, which is not there'])
  t.equal(channel.proven?.revision, 1)
})

await t.test('rejected routes keep the clusters that their last good version leads to', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users, jobs]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  const good = envoy.has.routes.get('edge')?.version
  envoy.rejects = (kind, _, version) => (kind === 'routes' && version !== good ? 'no good' : undefined)
  offer(table([users]))
  envoy.settle()
  t.strictSame(channel.parking.stillLedTo().toSorted(), ['jobs', 'users'])
  // So the publisher offers them besides.
  offer(table([users]), jobs)
  envoy.settle()
  t.strictSame(envoy.faults, [])
  t.ok(envoy.has.cluster.has('jobs'))
  const fresh = new EnvoyModel(definitions)
  fresh.rejects = envoy.rejects
  fresh.connect(channel)
  fresh.settle()
  t.equal(fresh.has.routes.get('edge')?.version, good)
  t.strictSame(fresh.faults, [])
})

await t.test('a snapshot with a route that leads nowhere is not offered', async (t) => {
  const { channel, offer } = setUp()
  const snapshot = offer(table([users]))
  offer({ ...table([users, jobs]), services: [users] })
  t.equal(channel.offered?.snapshot, snapshot)
})

await t.test('a new declaration is proven only when it is confirmed, although the fleet is the same', async (t) => {
  const { channel } = setUp()
  const builder = new SnapshotBuilder(definitions)
  channel.offer(builder.build(table([users])), 7)
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  t.ok(envoy.stream?.settled)
  channel.offer(builder.build(table([users, jobs])), 7)
  t.notOk(envoy.stream?.settled)
  envoy.settle()
  t.ok(envoy.stream?.settled)
})

await t.test('after withdrawal new streams get no answer and old ones keep what they have', async (t) => {
  const { channel, offer } = setUp()
  offer(table([users]))
  const envoy = new EnvoyModel(definitions)
  envoy.connect(channel)
  envoy.settle()
  channel.withdraw()
  const fresh = new EnvoyModel(definitions)
  fresh.connect(channel)
  t.equal(fresh.waiting, 0)
  t.ok(envoy.has.cluster.has('users'))
})

type Step =
  | { readonly kind: 'offer'; readonly services: readonly OfferedService[] }
  | { readonly kind: 'step' | 'reconnect' | 'block' | 'release' | 'reject-cluster' | 'reject-endpoints' | 'accept' }
type OfferedService = { readonly name: string; readonly ports: readonly number[]; readonly slow: boolean }

const anyServices = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    ports: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
    slow: fc.boolean(),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
)
const other = fc.constantFrom('reconnect' as const, 'block' as const, 'release' as const)
const rejection = fc.constantFrom('reject-cluster' as const, 'reject-endpoints' as const, 'accept' as const)
const anyOffer = fc.record({ kind: fc.constant('offer' as const), services: anyServices })
const stepping = { weight: 4, arbitrary: fc.record({ kind: fc.constant('step' as const) }) }

function tableOf(services: readonly OfferedService[]): RouteTable {
  return table(
    services.map(({ name, ports, slow }) => {
      return service(
        name,
        ports.map((port) => endpoint(port)),
        { connectTimeoutMs: slow ? 5000 : 1000 },
      )
    }),
  )
}

/** Plays the steps and answers what the Envoy has at last. */
function play(steps: readonly Step[]) {
  const { channel, offer } = setUp()
  const envoy = new EnvoyModel(definitions)
  offer(table([users]))
  envoy.connect(channel)
  for (const step of steps) {
    switch (step.kind) {
      case 'offer':
        offer(tableOf(step.services))
        break
      case 'step':
        envoy.step()
        break
      case 'block':
        envoy.blocked = true
        break
      case 'release':
        envoy.blocked = false
        envoy.release()
        break
      case 'reconnect':
        envoy.disconnect()
        envoy.connect(channel)
        break
      case 'reject-cluster':
      case 'reject-endpoints': {
        const guilty = step.kind === 'reject-cluster' ? 'cluster' : 'endpoints'
        envoy.rejects = (kind, name) => (kind === guilty && name === 'b' ? 'not now' : undefined)
        break
      }
      case 'accept':
        envoy.rejects = () => undefined
    }
  }
  envoy.blocked = false
  envoy.release()
  envoy.settle()
  return { channel, envoy, offer }
}

function complain(fault: string | undefined): void {
  if (fault !== undefined) throw new Error(fault)
}

function difference(envoy: EnvoyModel, { offered, proven }: Channel): string | undefined {
  const has = JSON.stringify(versionsOf(envoy.has))
  const wanted = JSON.stringify(versionsOf(offered?.snapshot.resources ?? envoy.has))
  if (has !== wanted) return `has ${has}, is offered ${wanted}`
  const wantedRevision = offered?.mark.revision
  return proven?.revision === wantedRevision ? undefined : `has proven ${proven?.revision} of ${wantedRevision}`
}

await t.test(
  'whatever is offered in whatever order, no request finds a gap, and in the end all is there',
  async (t) => {
    const steps = fc.array(fc.oneof(anyOffer, stepping, fc.record({ kind: other })), { maxLength: 40 })
    const property = fc.property(steps, (played) => {
      const { channel, envoy } = play(played)
      complain(envoy.faults[0])
      for (const name of envoy.warming) complain(`${name} warms for ever`)
      complain(difference(envoy, channel))
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
  },
)

await t.test('whatever is rejected, other services are not touched by it, and the next version cures it', async (t) => {
  const any = fc.oneof(anyOffer, stepping, fc.record({ kind: other }), fc.record({ kind: rejection }))
  const property = fc.property(fc.array(any, { maxLength: 40 }), (played) => {
    const { channel, envoy, offer } = play(played)
    complain(envoy.faults.find((fault) => !fault.includes('leads to b')))
    envoy.rejects = () => undefined
    offer(table(['a', 'b', 'c'].map((name) => service(name, [endpoint(9)], { connectTimeoutMs: 7000 }))))
    envoy.settle()
    complain(difference(envoy, channel))
    complain(channel.parking.all()[0]?.error)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})
