import fc from 'fast-check'
import t from 'tap'
import { Fleet } from '#control-plane/fleet/fleet.ts'
import { anyChange } from '#test/support/arbitraries/changes.ts'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import type { Declaration, ServiceDeclaration } from '../declaration/declaration.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { ServiceIndex, type Wanted, wantedServices } from './service-index.ts'

function wanted(names: readonly string[], about: Partial<ServiceDeclaration> = {}): Wanted {
  return new Map(names.map((name) => [name, { ...defaultPolicy, source: 'routes.yaml:1', ...about }]))
}

function follow(world: RoutingFleet, names: readonly string[]) {
  const index = new ServiceIndex(world.fleet)
  index.want(wanted(names))
  const changed: string[][] = []
  world.fleet.watch((change) => changed.push([...index.update(change)].sort()))
  return { index, changed }
}

await t.test('only the services whose endpoints changed are named and made anew', async (t) => {
  const world = new RoutingFleet()
  const user = world.add('user', 1)
  world.add('job', 2)
  const { index, changed } = follow(world, ['user', 'job'])
  const job = index.service('job')
  world.fails(user)
  t.strictSame(changed, [['user']])
  t.strictSame(index.service('user')?.endpoints, [])
  t.equal(index.service('job'), job)
  world.passes(user)
  world.happen({ kind: 'judged', instance: user, health: 'warning', reason: { code: 'timeout' } })
  t.strictSame(changed.slice(1), [['user'], []], 'another reason is no other endpoint')
})

await t.test('services that nobody wants are not kept', async (t) => {
  const world = new RoutingFleet()
  const { index, changed } = follow(world, ['user'])
  world.add('job', 2)
  t.strictSame(changed.flat(), [])
  t.equal(index.service('job'), undefined)
  index.want(wanted(['job']))
  t.equal(index.service('user'), undefined)
  t.equal(index.service('job')?.endpoints.length, 1)
})

await t.test('an instance that comes back under another service leaves the first one', async (t) => {
  const world = new RoutingFleet()
  const id = world.add('user', 1, { id: 'x' })
  const { index, changed } = follow(world, ['user', 'job'])
  world.add('job', 1, { id: 'x' })
  t.strictSame(index.service('user')?.endpoints, [])
  t.strictSame(
    index.service('job')?.endpoints.map(({ instance }) => instance),
    [id],
  )
  t.strictSame(changed[0], ['job', 'user'])
})

await t.test('a new policy makes the service anew, a new place only moves it', async (t) => {
  const world = new RoutingFleet()
  world.add('user', 1, { cluster: 'looma' })
  const { index } = follow(world, ['user'])
  const { endpoints } = index.service('user') ?? {}
  index.want(wanted(['user'], { source: 'routes.yaml:9' }))
  t.equal(index.service('user')?.source, 'routes.yaml:9')
  t.equal(index.service('user')?.endpoints, endpoints)
  index.want(wanted(['user'], { cluster: 'zervigo' }))
  t.strictSame(index.service('user')?.endpoints, [])
})

await t.test('a name with a star stands for all services that begin so, besides their own', async (t) => {
  const world = new RoutingFleet()
  const { index, changed } = follow(world, ['basic-*', 'basic-a'])
  const ids = [world.add('basic-a', 1), world.add('basic-b', 2), world.add('other', 3)]
  const called = (name: string) => index.service(name)?.endpoints.map(({ instance }) => instance)
  t.strictSame(called('basic-*'), ids.slice(0, 2))
  t.strictSame(called('basic-a'), ids.slice(0, 1))
  t.strictSame(index.namesFor(ids[0] ?? ''), ['basic-a', 'basic-*'])
  t.strictSame(index.namesFor(ids[2] ?? ''), [])
  world.fails(ids[1] ?? '')
  t.strictSame(changed.at(-1), ['basic-*'])
  t.strictSame(called('basic-*'), ids.slice(0, 1))
  t.equal(index.leftOut(ids[1] ?? '')?.reason.code, 'refused')
})

await t.test('a missed change is found by comparison', async (t) => {
  const world = new RoutingFleet()
  const id = world.add('user', 1)
  const index = new ServiceIndex(world.fleet)
  index.want(wanted(['user']))
  t.notOk(index.compare('user'))
  world.fails(id)
  t.ok(index.compare('user'))
  t.strictSame(index.service('user')?.endpoints, [])
  t.notOk(index.compare('nothing'))
})

await t.test('services of routes are wanted as declared, others with the defaults', async (t) => {
  const text = `gateways: { edge: { proxy: envoy, listeners: [{ port: 80 }] } }
services: { user: { balance: least_request }, unused: {} }
routes:
  - { prefix: /user, service: user, path: keep }
  - { prefix: /job, service: job, path: keep }
`
  const { declaration } = parseDeclaration([{ file: 'routes.yaml', text }])
  const found = wantedServices(declaration as Declaration, defaultPolicy)
  t.strictSame(
    [...found].map(([name, { balance, source }]) => [name, balance, source]),
    [
      ['user', 'least_request', 'routes.yaml:2'],
      ['job', 'round_robin', 'routes.yaml:5'],
    ],
  )
})

await t.test('whatever happens to a fleet, following it gives what making it anew gives', async (t) => {
  const names = ['crm', 'ai', 'zervi-backend', 'zervi-*']
  const batches = fc.array(fc.array(anyChange, { minLength: 1, maxLength: 4 }), { maxLength: 25 })
  const property = fc.property(batches, (happened) => {
    const fleet = new Fleet()
    const index = new ServiceIndex(fleet)
    index.want(wanted(names))
    fleet.watch((change) => index.update(change))
    let revision = 0
    for (const changes of happened) {
      fleet.apply(
        changes.map((change) => ({ revision: ++revision, event: { version: 1, at: 0, by: 'plane:r1', change } })),
      )
      const some = [...fleet.instances.keys()][revision % 3]
      if (some !== undefined && revision % 2 === 0) fleet.publishRemoval(some, { code: 'refused' })
    }
    for (const name of names) if (index.compare(name)) throw new Error(`${name} was not followed`)
    for (const [id] of fleet.instances) {
      const standing = fleet.standing(id)
      const called = names.some((name) => index.service(name)?.endpoints.some(({ instance }) => instance === id))
      if (called && standing?.routable === 'no') throw new Error(`${id} is called, but must not be`)
      if (!called && index.leftOut(id) === undefined) throw new Error(`${id} is not called, and nobody says why`)
    }
  })
  t.doesNotThrow(() => fc.assert(property))
})
