import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import type { Change } from '../../fleet/event.ts'
import { differences, terminatingReason } from './differences.ts'
import type { Wanted } from './instance.ts'

const author = 'kubernetes:prod'
const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  node: {
    ...{ id: 'prod-a', name: 'a', machine: '', incarnation: 0, address: '10.1.0.1', site: 'prod', cluster: '' },
    ...{ version: '', gateways: [] },
  },
  spec: { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 80, tags: [], metadata: {}, checks: [] },
  health: 'passing',
  reason: reason('pod_ready'),
  draining: false,
  ...more,
})

class World {
  readonly #builder = new FleetBuilder()
  #revision = 0

  get fleet() {
    return this.#builder.fleet
  }

  record(change: Change, by = author) {
    this.#revision = this.fleet.revision + 1
    this.fleet.apply([{ revision: this.#revision, event: { version: 1, at: 1, by, change } }])
  }

  differences(want: Wanted | undefined) {
    const { fleet } = this
    return differences(author, 'crm-1', fleet.instances.get('crm-1'), want, want && fleet.nodes.get(want.node.id))
  }

  /** Does what is to be done until nothing is; the kinds of it. */
  follow(want: Wanted | undefined): string {
    const done: string[] = []
    for (let round = 0; round < 10; round += 1) {
      const found = this.differences(want)
      if (found.length === 0) return done.join(' ')
      for (const { change } of found) {
        done.push(change.kind)
        this.record(change)
      }
    }
    throw new Error(`it does not end: ${done.join(' ')}`)
  }
}

t.test('an endpoint becomes an instance, which is judged; the second time nothing is to be done', async (t) => {
  const world = new World()
  t.equal(world.follow(wanted()), 'node-joined registered judged')
  t.equal(world.follow(wanted()), '')
  t.match(world.fleet.instances.get('crm-1'), { origin: 'kubernetes', registeredBy: author, health: 'passing' })
})

for (const { name, from, to, does } of [
  {
    name: 'that is not ready any more',
    from: {},
    to: { health: 'critical', reason: reason('pod_not_ready', { cause: 'x' }) },
    does: 'judged',
  },
  { name: 'that moved', from: {}, to: { spec: { ...wanted().spec, address: '10.0.0.2' } }, does: 'registered judged' },
  { name: 'that terminates', from: {}, to: { draining: true }, does: 'admitted' },
  { name: 'that came back', from: { draining: true }, to: {}, does: 'admitted' },
  {
    name: 'on a Node at another site',
    from: {},
    to: { node: { ...wanted().node, site: 'berlin' } },
    does: 'node-joined',
  },
  {
    name: 'on a Node whose address is not told now',
    from: {},
    to: { node: { ...wanted().node, address: '' } },
    does: '',
  },
  { name: 'that is gone', from: {}, to: undefined, does: 'deregistered' },
] as const) {
  t.test(`an instance ${name} is ${does || 'as it was'}`, async (t) => {
    const world = new World()
    world.follow(wanted(from))
    t.equal(world.follow(to && wanted(to)), does)
    t.equal(world.follow(to && wanted(to)), '')
  })
}

t.test('what an operator ordered stays, whatever its Pod does', async (t) => {
  const world = new World()
  world.follow(wanted())
  const drain = {
    kind: 'admitted',
    instance: 'crm-1',
    admission: 'draining',
    reason: 'mine',
    expiresAt: undefined,
  } as const
  world.record(drain, 'operator:a')
  t.equal(world.follow(wanted({ draining: true })), '')
  t.equal(world.follow(wanted()), '')
  t.match(world.fleet.instances.get('crm-1')?.admission, { state: 'draining', reason: 'mine' })
})

t.test("a drain of Kubernetes's own says why", async (t) => {
  const world = new World()
  world.follow(wanted({ draining: true }))
  t.match(world.fleet.instances.get('crm-1')?.admission, { state: 'draining', reason: terminatingReason, by: author })
})

t.test('an id of somebody else is left alone, also when it is gone here', async (t) => {
  for (const by of ['client:crm-1', 'kubernetes:other']) {
    const world = new World()
    const origin = by.startsWith('client') ? 'client' : 'kubernetes'
    world.record({ kind: 'registered', instance: 'crm-1', spec: wanted().spec, node: 'x', origin }, by)
    t.strictSame(world.differences(wanted()), [], by)
    t.strictSame(world.differences(undefined), [], by)
  }
})

t.test('a death that was confirmed is lifted when Kubernetes says that it lives', async (t) => {
  const world = new World()
  world.follow(wanted())
  world.record({ kind: 'death-confirmed', instance: 'crm-1', death: { how: 'refused', vantages: [] } }, 'plane:x')
  t.equal(world.follow(wanted()), 'judged')
})

t.test(
  "an agent's own node is not changed by a cluster that names one of its id, and no end of changes follows",
  async (t) => {
    const world = new World()
    world.record(
      { kind: 'node-joined', node: { ...wanted().node, machine: 'm', address: '192.0.2.1' } },
      'agent:prod-a',
    )
    t.equal(world.follow(wanted()), 'registered judged')
    t.equal(world.fleet.nodes.get('prod-a')?.spec.address, '192.0.2.1')
  },
)
