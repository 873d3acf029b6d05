import { pino } from 'pino'
import t, { type Test } from 'tap'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { waitFor } from '#test/support/wait.ts'
import { parseDeclaration } from './declaration/parse.ts'
import { type Outlet, Publisher, type TableUpdate } from './publisher.ts'

const log = pino({ level: 'silent' })
const withinMs = 20_000

let number = 0

function declaration(routes: readonly string[], gateway = 'edge') {
  const lines = routes.map((service) => `  - { prefix: /${service}, service: ${service}, path: keep }`)
  const text = `gateways: { ${gateway}: { proxy: envoy, listeners: [{ port: 80 }] } }\nroutes:\n${lines.join('\n')}\n`
  const parsed = parseDeclaration([{ file: 'routes.yaml', text }]).declaration
  if (!parsed) throw new Error('not a declaration')
  number += 1
  return { number, declaration: parsed }
}

function setUp(t: Test, gatherMs = 10) {
  const world = new RoutingFleet()
  const publisher = new Publisher({ fleet: world.fleet, log, gatherMs })
  const updates: TableUpdate[] = []
  const gone: string[] = []
  const still: string[] = []
  const outlet: Outlet = {
    offer: (update) => updates.push(update),
    withdraw: (gateway) => gone.push(gateway),
    stillLedTo: () => still,
  }
  publisher.attach(outlet)
  world.fleet.watch((change) => publisher.follow(change))
  t.teardown(() => publisher[Symbol.dispose]())
  const endpoints = (name: string) => {
    return updates
      .at(-1)
      ?.table.services.find((service) => service.name === name)
      ?.endpoints.map(({ port }) => port)
  }
  const until = (what: string, look: () => boolean) => waitFor(look, { what, withinMs, everyMs: 1 })
  return { world, publisher, updates, gone, still, endpoints, until }
}

await t.test('nothing is published before the fleet is complete and something is declared', async (t) => {
  const { world, publisher, updates, until } = setUp(t)
  world.add('user', 1)
  publisher.declare(declaration(['user']))
  const id = world.add('user', 2)
  world.fails(id)
  t.strictSame(updates, [])
  world.fleet.markComplete()
  publisher.lookAgain()
  await until('the table', () => updates.length > 0)
  t.equal(updates[0]?.revision, world.fleet.revision)
})

await t.test('a removal has been published when the change has been told', async (t) => {
  const { world, publisher, updates, endpoints, until } = setUp(t, 60_000)
  world.fleet.markComplete()
  const ids = [1, 2].map((port) => world.add('user', port))
  publisher.declare(declaration(['user']))
  world.fails(ids[0] ?? '')
  await until('the first table', () => endpoints('user')?.length === 1)
  t.match(updates.at(-1), { urgent: true, revision: world.fleet.revision })
  // Publishing took its time; a moment later it is free again.
  await until('a removal that is not held back', () => {
    world.passes(ids[1] ?? '')
    const before = updates.length
    world.fails(ids[1] ?? '')
    return updates.length > before
  })
  t.strictSame(endpoints('user'), [])
})

await t.test('a split that is taken back waits for nothing, one that goes on is not urgent', async (t) => {
  const { world, publisher, updates, until } = setUp(t)
  world.fleet.markComplete()
  const { number, declaration: plain } = declaration(['user'])
  publisher.declare({ number, declaration: plain })
  await until('the first table', () => updates.length > 0)
  const at = (permille: number) => new Map([['user', { version: 'v', permille, cohort: true }]])
  const urgentAfter = async (positions: ReturnType<typeof at>) => {
    const before = updates.length
    publisher.split(positions)
    await until('the next table', () => updates.length > before)
    return updates.at(-1)?.urgent
  }
  t.equal(await urgentAfter(at(10)), false)
  t.equal(await urgentAfter(at(500)), false)
  t.equal(await urgentAfter(new Map()), true)
  t.equal(await urgentAfter(new Map()), false)
})

await t.test('a fleet that is restored after the declaration was read is published whole', async (t) => {
  const former = new RoutingFleet()
  const refused = former.add('user', 1)
  former.add('user', 2)
  const { world, publisher, updates, until } = setUp(t)
  publisher.declare(declaration(['user']))
  world.fleet.restore(former.fleet.state())
  world.fleet.markComplete()
  // A change may come before anyone has said that the fleet is complete.
  world.fails(refused)
  await until('the first table', () => updates.length > 0)
  t.match(updates[0]?.table.services, [{ name: 'user', endpoints: [{ port: 2 }] }])
})

await t.test('other changes are gathered into one table', async (t) => {
  const { world, publisher, updates, endpoints, until } = setUp(t, 100)
  world.fleet.markComplete()
  publisher.declare(declaration(['user']))
  const ids = Array.from({ length: 20 }, (_, index) => world.add('user', index + 1))
  for (const id of ids) world.drains(id)
  await until('nothing to call', () => {
    return endpoints('user')?.length === 0 && updates.at(-1)?.revision === world.fleet.revision
  })
  const tables = () => new Set(updates.map(({ table }) => table)).size
  const before = tables()
  for (const id of ids) world.undrains(id)
  t.equal(tables(), before)
  await until('the next table', () => tables() > before)
  t.equal(endpoints('user')?.length, 20)
})

await t.test('a change that does not touch a gateway gives it the same table at a newer revision', async (t) => {
  const { world, publisher, updates, until } = setUp(t)
  world.fleet.markComplete()
  publisher.declare(declaration(['user']))
  await until('the first table', () => updates.length === 1)
  world.add('job', 1)
  await until('the newer revision', () => updates.at(-1)?.revision === world.fleet.revision)
  t.equal(updates.at(-1)?.table, updates[0]?.table)
  t.equal(updates.at(-1)?.urgent, false)
})

await t.test(
  'a frozen installation publishes nothing, not even removals; after the thaw all of it comes',
  async (t) => {
    const { world, publisher, updates, endpoints, until } = setUp(t)
    world.fleet.markComplete()
    const id = world.add('user', 1)
    publisher.declare(declaration(['user']))
    await until('the first table', () => updates.length === 1)
    world.happen({ kind: 'frozen', reason: 'maintenance' })
    world.fails(id)
    publisher.declare(declaration(['user', 'job']))
    publisher.lookAgain()
    t.equal(updates.length, 1)
    world.happen({ kind: 'thawed', reason: 'done' })
    await until('the new table', () => updates.length === 2)
    t.strictSame(endpoints('user'), [])
    t.strictSame(endpoints('job'), [])
    t.match(updates.at(-1), { urgent: true })
  },
)

await t.test('a gateway that is no longer declared is withdrawn', async (t) => {
  const { world, publisher, updates, gone, until } = setUp(t)
  world.fleet.markComplete()
  publisher.declare(declaration(['user']))
  await until('the first table', () => updates.length === 1)
  publisher.declare(declaration(['user'], 'other'))
  await until('the withdrawal', () => gone.length === 1)
  t.strictSame(gone, ['edge'])
  t.equal(publisher.published('edge'), undefined)
  t.ok(publisher.published('other'))
})

await t.test('a service that a proxy still leads to comes besides, with its endpoints as they are', async (t) => {
  const { world, publisher, updates, still, until } = setUp(t)
  world.fleet.markComplete()
  const id = world.add('job', 1)
  publisher.declare(declaration(['user', 'job']))
  await until('the first table', () => updates.length === 1)
  still.push('job', 'user')
  publisher.declare(declaration(['user']))
  await until('the second table', () => updates.at(-1)?.besides.length === 1)
  t.match(updates.at(-1)?.besides, [{ name: 'job', endpoints: [{ port: 1 }] }])
  world.fails(id)
  await until('the removal', () => updates.at(-1)?.besides[0]?.endpoints.length === 0)
  still.length = 0
  publisher.lookAgain()
  await until('the end of it', () => updates.at(-1)?.besides.length === 0)
})

await t.test('one outlet that fails does not keep the table from the others, or for ever', async (t) => {
  const { world, publisher, updates, until } = setUp(t)
  let failing = true
  let taken = 0
  const good: TableUpdate[] = []
  publisher.attach({
    offer: () => {
      if (failing) throw new Error('cannot')
      taken += 1
    },
    withdraw: () => {},
    stillLedTo: () => [],
  })
  publisher.attach({ offer: (update) => good.push(update), withdraw: () => {}, stillLedTo: () => [] })
  world.fleet.markComplete()
  publisher.declare(declaration(['user']))
  await until('the table', () => updates.length === 1 && good.length === 1)
  failing = false
  world.add('user', 1)
  await until('the next table', () => taken === 1)
  t.equal(good.length, 2)
})

await t.test('whoever comes later is given what is published already', async (t) => {
  const { world, publisher, updates, until } = setUp(t)
  world.fleet.markComplete()
  publisher.declare(declaration(['user']))
  await until('the table', () => updates.length === 1)
  const later: TableUpdate[] = []
  const detach = publisher.attach({ offer: (update) => later.push(update), withdraw: () => {}, stillLedTo: () => [] })
  t.equal(later[0]?.table, updates[0]?.table)
  detach()
  world.fails(world.add('user', 1))
  t.equal(later.length, 1)
})

await t.test('a missed change is found by comparison and published', async (t) => {
  const world = new RoutingFleet()
  const publisher = new Publisher({ fleet: world.fleet, log, gatherMs: 1 })
  const updates: TableUpdate[] = []
  publisher.attach({ offer: (update) => updates.push(update), withdraw: () => {}, stillLedTo: () => [] })
  t.teardown(() => publisher[Symbol.dispose]())
  world.fleet.markComplete()
  publisher.declare(declaration(['user']))
  await waitFor(() => updates.length === 1, { what: 'the first table', withinMs })
  world.add('user', 1)
  await publisher.compare(new AbortController().signal)
  await waitFor(() => updates.at(-1)?.table.services[0]?.endpoints.length === 1, { what: 'the endpoint', withinMs })
  await publisher.compare(AbortSignal.abort())
  t.pass()
})
