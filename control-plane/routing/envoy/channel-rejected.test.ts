import { pino } from 'pino'
import t from 'tap'
import { EnvoyModel } from '#test/support/envoy/model.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import { Channel } from './channel.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { SnapshotBuilder } from './snapshot.ts'

const definitions = loadEnvoyDefinitions()

function setUp() {
  const builder = new SnapshotBuilder(definitions)
  const channel = new Channel({ gateway: 'edge', log: pino({ level: 'silent' }), onRejected: () => {} })
  let revision = 0
  const offer = (connectTimeoutMs: number) => {
    revision += 1
    const services = ['users', 'jobs'].map((name) => service(name, [endpoint(1)], { connectTimeoutMs }))
    channel.offer(builder.build(table(services), []), revision)
  }
  const connected = (rejects: EnvoyModel['rejects'] = () => undefined) => {
    const envoy = new EnvoyModel(definitions)
    envoy.rejects = rejects
    envoy.connect(channel)
    // It fails where the exchange never ends.
    envoy.settle()
    return envoy
  }
  return { channel, offer, connected }
}

const noJobs: EnvoyModel['rejects'] = (kind, name) => (kind === 'cluster' && name === 'jobs' ? 'not here' : undefined)

await t.test('what one Envoy has taken and another rejects is not sent to that one again and again', async (t) => {
  const { channel, offer, connected } = setUp()
  offer(1000)
  const first = connected()
  const second = connected(noJobs)
  t.ok(first.has.cluster.has('jobs'))
  t.notOk(second.has.cluster.has('jobs'))
  t.ok(second.has.cluster.has('users'))
  t.equal(channel.parking.all().length, 1)
})

await t.test('nor is its last good version to an Envoy that rejects both, and the next one is tried', async (t) => {
  const { channel, offer, connected } = setUp()
  offer(1000)
  const first = connected()
  const good = first.has.cluster.get('jobs')?.version
  first.rejects = (kind, name, version) => (version === good ? undefined : noJobs(kind, name, version))
  offer(2000)
  first.settle()
  const second = connected(noJobs)
  t.notOk(second.has.cluster.has('jobs'))
  t.equal(channel.parking.all().length, 1, 'what is offered stays parked')
  const third = connected(first.rejects)
  t.equal(third.has.cluster.get('jobs')?.version, good, 'who takes the last good one gets it')
  for (const envoy of [first, second, third]) envoy.rejects = () => undefined
  offer(3000)
  for (const envoy of [first, second, third]) {
    envoy.settle()
    t.not(envoy.has.cluster.get('jobs')?.version ?? good, good)
  }
  t.strictSame(channel.parking.all(), [])
})
