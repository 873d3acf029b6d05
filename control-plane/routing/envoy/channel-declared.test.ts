import { pino } from 'pino'
import t from 'tap'
import { EnvoyModel } from '#test/support/envoy/model.ts'
import { endpoint, service, table } from '#test/support/routing/routing-fleet.ts'
import type { RouteTable } from '../table.ts'
import { Channel } from './channel.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { SnapshotBuilder } from './snapshot.ts'

const definitions = loadEnvoyDefinitions()
const users = service('users', [endpoint(1), endpoint(2)])
const jobs = service('jobs', [endpoint(3)])
const slower = [users, jobs].map((one) => ({ ...one, connectTimeoutMs: 5000 }))

function setUp() {
  const builder = new SnapshotBuilder(definitions)
  const channel = new Channel({ gateway: 'edge', log: pino({ level: 'silent' }), onRejected: () => {} })
  let revision = 0
  const offer = (wanted: RouteTable, version: number) => {
    revision += 1
    channel.offer(builder.build(wanted, []), revision, version)
  }
  const connected = () => {
    const envoy = new EnvoyModel(definitions)
    envoy.connect(channel)
    envoy.settle()
    return envoy
  }
  return { channel, offer, connected }
}

await t.test('a version is proven when every Envoy has confirmed all of it', async (t) => {
  const { channel, offer, connected } = setUp()
  t.equal(channel.declared, undefined)
  offer(table([users, jobs]), 1)
  t.equal(channel.provenDeclared, undefined, 'nobody is connected')
  const [one, two] = [connected(), connected()]
  t.equal(channel.provenDeclared, 1)
  offer(table(slower), 2)
  t.strictSame([channel.declared, channel.provenDeclared], [2, 1])
  one.settle()
  t.equal(channel.provenDeclared, 1)
  two.settle()
  t.equal(channel.provenDeclared, 2)
  for (const envoy of [one, two]) envoy.disconnect()
  offer(table([users]), 3)
  t.equal(channel.provenDeclared, 2, 'no news is no proof')
})

await t.test('a version that changes nothing here is proven by what is there', async (t) => {
  const { channel, offer, connected } = setUp()
  offer(table([users]), 1)
  connected()
  offer(table([users]), 2)
  t.strictSame([channel.declared, channel.provenDeclared], [2, 2])
})

await t.test('endpoints that come and go meanwhile do not keep it from being proven', async (t) => {
  const { channel, offer, connected } = setUp()
  offer(table([users, jobs]), 1)
  const envoy = connected()
  offer(table(slower), 2)
  for (let steps = 0; steps < 50 && channel.provenDeclared !== 2; steps += 1) {
    const [first = users, second = jobs] = slower
    offer(table([{ ...first, endpoints: [endpoint(100 + steps)] }, second]), 2)
    envoy.step()
  }
  t.equal(channel.provenDeclared, 2)
})

await t.test('at no moment does a version look proven of which a part is about to be found guilty', async (t) => {
  const { channel, offer, connected } = setUp()
  offer(table([users, jobs]), 1)
  const envoy = connected()
  const good = envoy.has.cluster.get('jobs')?.version
  envoy.rejects = (kind, name, version) =>
    kind === 'cluster' && name === 'jobs' && version !== good ? 'no good' : undefined
  offer(table(slower), 2)
  let steps = 0
  for (; channel.parking.all().length === 0; steps += 1) {
    t.equal(channel.provenDeclared, 1, `after ${steps} answers`)
    if (!envoy.step()) break
  }
  t.ok(steps > 1, 'it was rejected with others first, then alone')
  t.equal(channel.parking.all().length, 1)
  envoy.settle()
  offer(table([users, jobs]), 3)
  envoy.settle()
  t.equal(channel.provenDeclared, 3)
  t.strictSame(channel.parking.all(), [])
})
