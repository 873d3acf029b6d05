import { once } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { instanceIds } from '#test/support/arbitraries/words.ts'
import type { NodeBelief } from './belief.ts'
import type { Change, FleetEvent, JournalEntry } from './event.ts'
import { Fleet, type FleetChange } from './fleet.ts'

const nodeSpec = {
  id: 'n-aaaaaaaaaaaa',
  name: 'one',
  machine: 'm1',
  incarnation: 1,
  address: '10.0.0.1',
  site: 'tencent',
  cluster: 'zervigo',
  version: '0.1.0',
  gateways: [],
}
const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 8080, tags: [], metadata: {}, checks: [] }

const joined: Change = { kind: 'node-joined', node: nodeSpec }
const attached: Change = { kind: 'node-attached', node: nodeSpec.id, attachment: { replica: 'r1', session: 's1' } }
const registered: Change = { kind: 'registered', instance: 'crm-1', spec, node: nodeSpec.id, origin: 'agent' }
const passing: Change = { kind: 'judged', instance: 'crm-1', health: 'passing', reason: { code: 'ok' } }
const refused: Change = { kind: 'judged', instance: 'crm-1', health: 'critical', reason: { code: 'refused' } }
const draining: Change = {
  kind: 'admitted',
  instance: 'crm-1',
  admission: 'draining',
  reason: 'update',
  expiresAt: undefined,
}

/** A fleet that takes changes one after the other, and what its watchers heard. */
function running(...changes: readonly Change[]) {
  const fleet = new Fleet()
  const heard: FleetChange[] = []
  fleet.watch((change) => heard.push(change))
  const take = (change: Change, extra: Partial<FleetEvent> = {}) => {
    const event = { version: 1 as const, at: fleet.revision + 1_000, by: 'plane:r1', ...extra, change }
    return fleet.apply([{ revision: fleet.revision + 1, event }])[0]
  }
  for (const change of changes) take(change)
  heard.length = 0
  return { fleet, heard, take }
}

const routable = (fleet: Fleet) => fleet.standing('crm-1')?.routable

t.test('an event whose author has seen an older state changes nothing', async (t) => {
  const { fleet, heard, take } = running(joined, attached, registered, passing)
  t.equal(take(refused, { seen: 3 }), 'overtaken')
  t.equal(routable(fleet), 'yes')
  t.equal(fleet.revision, 5, 'its place in the order is taken all the same')
  t.match(heard, [{ revision: 5, removal: false, installation: false }])
  t.ok(heard.every(({ nodes, instances, services }) => nodes.size + instances.size + services.size === 0))
  t.equal(take(refused, { seen: fleet.revisionOf({ kind: 'instance', id: 'crm-1' }) }), 'changed')
})

t.test('a revision at which nothing changed is told as well, so that nobody waits for it in vain', async (t) => {
  const { fleet, heard, take } = running(joined, attached, registered, passing)
  t.equal(take(passing), 'unchanged')
  t.strictSame(
    heard.map(({ revision, instances }) => [revision, instances.size]),
    [[fleet.revision, 0]],
  )
  const [replayed] = fleet.apply([{ revision: fleet.revision, event: { version: 1, at: 1, by: 'x', change: refused } }])
  t.equal(replayed, 'unchanged')
  t.equal(heard.length, 1, 'an entry that comes twice raises no revision')
})

t.test('an author who saw nothing is overtaken by a registration', async (t) => {
  const { take } = running(joined, registered)
  t.equal(take(registered, { seen: 0 }), 'overtaken')
  const fresh = running(joined)
  t.equal(fresh.take(registered, { seen: 0 }), 'changed')
})

t.test('a batch that arrives twice changes nothing the second time', async (t) => {
  const { fleet, heard } = running(joined, registered, passing)
  const before = fleet.state()
  t.strictSame(fleet.apply([{ revision: 3, event: { version: 1, at: 0, by: 'plane:r1', change: refused } }]), [
    'unchanged',
  ])
  t.strictSame(fleet.state(), before)
  t.strictSame(heard, [])
})

t.test('the end of an old session changes nothing', async (t) => {
  const { fleet, take } = running(joined, attached, registered, passing)
  take({ kind: 'node-attached', node: nodeSpec.id, attachment: { replica: 'r1', session: 's2' } })
  t.equal(take({ kind: 'contact-changed', node: nodeSpec.id, contact: 'lost', session: 's1' }), 'unchanged')
  t.equal(fleet.nodes.get(nodeSpec.id)?.contact, 'connected')
})

t.test('a dead endpoint is removed before its event is journalled', async (t) => {
  const { fleet, heard, take } = running(joined, attached, registered, passing)
  fleet.publishRemoval('crm-1', { code: 'refused' })
  t.equal(routable(fleet), 'no')
  t.strictSame(fleet.standing('crm-1')?.reason, { code: 'refused' })
  t.match(heard, [{ removal: true, instances: new Set(['crm-1']), services: new Set(['crm']) }])
  t.equal(fleet.instances.get('crm-1')?.health, 'passing', 'the belief itself follows the journal')

  take(refused)
  t.equal(routable(fleet), 'no')
  t.equal(heard.length, 2)
  t.equal(heard[1]?.removal, false, 'it had left already')
  take(passing)
  t.equal(routable(fleet), 'yes', 'nothing of the overlay is left')
})

t.test('a removal is published once', async (t) => {
  const { fleet, heard } = running(joined, attached, registered, passing)
  fleet.publishRemoval('crm-1', { code: 'refused' })
  fleet.publishRemoval('crm-1', { code: 'timeout' })
  fleet.publishRemoval('not-there', { code: 'refused' })
  t.equal(heard.length, 1)
})

t.test('a removal that was not accepted is taken back', async (t) => {
  const { fleet, heard } = running(joined, attached, registered, passing)
  fleet.publishRemoval('crm-1', { code: 'refused' })
  fleet.lift('crm-1')
  t.equal(routable(fleet), 'yes')
  t.match(heard, [{ removal: true }, { removal: false }])
  fleet.lift('crm-1')
  t.equal(heard.length, 2)
})

t.test('what says nothing of its life leaves a removal in force', async (t) => {
  const { fleet, take } = running(joined, attached, registered, passing)
  fleet.publishRemoval('crm-1', { code: 'refused' })
  take(draining)
  take({ ...draining, admission: 'active' })
  take({ ...registered, spec: { ...spec, tags: ['new'] } } as Change)
  take({ kind: 'contact-changed', node: nodeSpec.id, contact: 'suspect', session: 's1' })
  t.equal(routable(fleet), 'no')
  t.equal(take(refused, { seen: 1 }), 'overtaken')
  t.equal(routable(fleet), 'yes', 'its author has spoken, and decides anew')
})

for (const { what, changes, removal } of [
  { what: 'an instance that becomes critical', changes: [refused], removal: true },
  { what: 'an instance that is drained', changes: [draining], removal: true },
  {
    what: 'a deregistered instance',
    changes: [{ kind: 'deregistered', instance: 'crm-1', cause: 'operator' }],
    removal: true,
  },
  { what: 'another reason', changes: [{ ...passing, health: 'warning' }], removal: false },
  { what: 'a failure that is over within the batch', changes: [refused, passing], removal: false },
  {
    what: 'an instance that moved to another port, even if that is passing already,',
    changes: [{ ...registered, spec: { ...spec, port: 8081 } }, passing],
    removal: true,
  },
  {
    what: 'an instance that now belongs to another service',
    changes: [{ ...registered, spec: { ...spec, service: 'billing' } }],
    removal: true,
  },
  {
    what: 'lost contact',
    changes: [{ kind: 'contact-changed', node: nodeSpec.id, contact: 'lost', session: 's1' }],
    removal: false,
  },
  { what: 'a freeze', changes: [{ kind: 'frozen', reason: '' }], removal: false },
] as { what: string; changes: readonly Change[]; removal: boolean }[]) {
  t.test(`${what} is ${removal ? 'a' : 'no'} removal`, async (t) => {
    const { fleet, heard } = running(joined, attached, registered, passing)
    const entries = changes.map((change, index) => ({
      revision: fleet.revision + 1 + index,
      event: { version: 1 as const, at: 0, by: 'plane:r1', change },
    }))
    fleet.apply(entries)
    t.match(heard, [{ removal }])
  })
}

t.test('a new session of a node in contact says nothing of its instances', async (t) => {
  const { heard, take } = running(joined, attached, registered, passing)
  take({ kind: 'node-attached', node: nodeSpec.id, attachment: { replica: 'r1', session: 's2' } })
  t.match(heard, [{ nodes: new Set([nodeSpec.id]), removal: false }])
  t.equal(heard[0]?.instances.size, 0)
})

t.test('contact concerns every instance of the node', async (t) => {
  const { heard, take } = running(joined, attached, registered, passing)
  take({ kind: 'contact-changed', node: nodeSpec.id, contact: 'suspect', session: 's1' })
  t.match(heard, [
    { nodes: new Set([nodeSpec.id]), instances: new Set(['crm-1']), services: new Set(['crm']), removal: false },
  ])
})

t.test('every watcher hears of changes in their order, also when another one changes the overlay', async (t) => {
  const { fleet, heard, take } = running(joined, attached, registered, passing)
  const later: number[] = []
  const stop = fleet.watch(({ removal }) => {
    if (removal) fleet.lift('crm-1')
  })
  fleet.watch(({ removal }) => later.push(removal ? 1 : 0))
  fleet.publishRemoval('crm-1', { code: 'refused' })
  t.strictSame(later, [1, 0])
  t.match(heard, [{ removal: true }, { removal: false }])
  stop()
  take(draining)
  t.strictSame(later, [1, 0, 1])
})

t.test('a watcher that fails keeps nobody else from hearing, and shows as an uncaught exception', async (t) => {
  const { fleet, take } = running(joined, attached, registered)
  const heard: FleetChange[] = []
  const fault = new Error('a bug in a watcher')
  const stop = fleet.watch(() => {
    throw fault
  })
  fleet.watch((change) => heard.push(change))
  const uncaught = once(process, 'uncaughtException')
  t.equal(take(passing), 'changed')
  t.equal(heard.length, 1)
  t.strictSame((await uncaught)[0], fault)
  stop()
})

t.test('a fleet that has taken entries is not restored over', async (t) => {
  const { fleet } = running(joined)
  t.throws(() => fleet.restore(new Fleet().state()))
  t.equal(fleet.complete, false)
  fleet.markComplete()
  t.equal(fleet.complete, true)
})

/** The indexes, computed from nothing but the beliefs. */
function recomputed(fleet: Fleet) {
  const byNode = new Map<string, Set<string>>()
  const byService = new Map<string, Set<string>>()
  const byEndpoint = new Map<string, Set<string>>()
  for (const [id, { node, spec }] of fleet.instances) {
    byNode.getOrInsertComputed(node, () => new Set()).add(id)
    byService.getOrInsertComputed(spec.service, () => new Set()).add(id)
    byEndpoint.getOrInsertComputed(`${spec.address} ${spec.port}`, () => new Set()).add(id)
  }
  return { byNode, byService, byEndpoint }
}

function sameIndexes(fleet: Fleet): boolean {
  const { byNode, byService, byEndpoint } = recomputed(fleet)
  for (const [id, { node, spec }] of fleet.instances) {
    if (!isDeepStrictEqual(fleet.instancesOfNode(node), byNode.get(node))) return false
    if (!isDeepStrictEqual(fleet.instancesOfService(spec.service), byService.get(spec.service))) return false
    const endpoint = fleet.instancesAt(spec.address, spec.port)
    if (!isDeepStrictEqual(endpoint, byEndpoint.get(`${spec.address} ${spec.port}`)) || !endpoint.has(id)) return false
  }
  return isDeepStrictEqual(new Set(fleet.services()), new Set(byService.keys()))
}

t.test('the indexes always equal what the beliefs give', async (t) => {
  fc.assert(
    fc.property(anyJournal(), (entries) => {
      const fleet = new Fleet()
      return entries.every((entry) => {
        fleet.apply([entry])
        return sameIndexes(fleet)
      })
    }),
    { numRuns: 300 },
  )
  t.pass()
})

type Step = { readonly entry: JournalEntry; readonly overlay: string | undefined }

const steps: fc.Arbitrary<readonly Step[]> = anyJournal().chain((entries) =>
  fc
    .array(fc.option(fc.constantFrom(...instanceIds), { nil: undefined }), {
      minLength: entries.length,
      maxLength: entries.length,
    })
    .map((overlays) => entries.map((entry, index) => ({ entry, overlay: overlays[index] }))),
)

function differing<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): Set<string> {
  return new Set([...before.keys(), ...after.keys()].filter((id) => before.get(id) !== after.get(id)))
}

/** What is looked at from outside: everything that a change may be about. */
function look(fleet: Fleet) {
  const standings = new Map([...fleet.instances.keys()].map((id) => [id, fleet.standing(id)]))
  return {
    revision: fleet.revision,
    nodes: new Map(fleet.nodes),
    instances: new Map(fleet.instances),
    foreign: new Map(fleet.foreign),
    orders: new Map(fleet.orders),
    settings: new Map(fleet.settings),
    installation: fleet.installation,
    standings,
  }
}

function concernsWhatIsOnIt(...sides: readonly (NodeBelief | undefined)[]): boolean {
  const [was, is] = sides.map((node) => {
    const { site, cluster, machine, name, tenant } = node?.spec ?? {}
    return { there: node !== undefined, site, cluster, machine, name, tenant, ...pick(node) }
  })
  return !isDeepStrictEqual(was, is)
}

function pick(node: NodeBelief | undefined) {
  return { contact: node?.contact, demoted: node?.demoted, assigned: node?.assigned, admission: node?.admission }
}

/** What watchers must have been told, by comparing before and after; undefined: nothing, since the revision is what it was. */
function difference(
  before: ReturnType<typeof look>,
  fleet: Fleet,
  settled: ReadonlySet<string>,
): FleetChange | undefined {
  const after = look(fleet)
  const nodes = differing(before.nodes, after.nodes)
  const instances = differing(before.instances, after.instances).union(settled)
  for (const node of nodes) {
    if (!concernsWhatIsOnIt(before.nodes.get(node), after.nodes.get(node))) continue
    for (const id of fleet.instancesOfNode(node)) instances.add(id)
  }
  const beliefs = [...instances].flatMap((id) => [before.instances.get(id) ?? [], after.instances.get(id) ?? []].flat())
  const removal = [...instances].some((id) => {
    if ((before.standings.get(id)?.routable ?? 'no') === 'no') return false
    const [was, is] = [before.instances.get(id)?.spec, after.instances.get(id)?.spec]
    const moved = was?.address !== is?.address || was?.port !== is?.port || was?.service !== is?.service
    return moved || after.standings.get(id)?.routable === 'no'
  })
  const installation = before.installation !== after.installation
  const foreign = differing(before.foreign, after.foreign)
  const orders = differing(before.orders, after.orders)
  const settings = differing(before.settings, after.settings)
  const sizes = [nodes, instances, foreign, orders, settings].map(({ size }) => size)
  if (Math.max(...sizes) === 0 && !installation && fleet.revision === before.revision) return undefined
  const services = new Set(beliefs.map(({ spec }) => spec.service))
  return { revision: fleet.revision, nodes, instances, foreign, services, orders, settings, installation, removal }
}

t.test('watchers are told exactly of what changed, overlays included', async (t) => {
  fc.assert(
    fc.property(steps, (steps) => {
      const fleet = new Fleet()
      const heard: FleetChange[] = []
      const overlaid = new Set<string>()
      fleet.watch((change) => heard.push(change))
      return steps.every(({ entry, overlay }) => {
        heard.length = 0
        if (overlay !== undefined) fleet.publishRemoval(overlay, { code: 'refused' })
        if (overlay !== undefined && heard.length > 0) overlaid.add(overlay)
        heard.length = 0
        const before = look(fleet)
        fleet.apply([entry])
        const { change } = entry.event
        const speaks = change.kind === 'judged' || change.kind === 'death-confirmed' || change.kind === 'deregistered'
        const settled = new Set(speaks && overlaid.delete(change.instance) ? [change.instance] : [])
        return isDeepStrictEqual(heard, [difference(before, fleet, settled) ?? []].flat())
      })
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a batch is told of as its entries would be one by one', async (t) => {
  fc.assert(
    fc.property(anyJournal(), (entries) => {
      const together = new Fleet()
      const apart = new Fleet()
      const union = { nodes: new Set<string>(), instances: new Set<string>(), services: new Set<string>() }
      apart.watch(({ nodes, instances, services }) => {
        for (const id of nodes) union.nodes.add(id)
        for (const id of instances) union.instances.add(id)
        for (const name of services) union.services.add(name)
      })
      let told: Pick<FleetChange, 'nodes' | 'instances' | 'services'> = {
        nodes: new Set(),
        instances: new Set(),
        services: new Set(),
      }
      together.watch(({ nodes, instances, services }) => {
        told = { nodes, instances, services }
      })
      const outcomes = entries.flatMap((entry) => apart.apply([entry]))
      return (
        isDeepStrictEqual(together.apply(entries), outcomes) &&
        isDeepStrictEqual(together.state(), apart.state()) &&
        isDeepStrictEqual(told, union)
      )
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a restored fleet goes on as the one whose state it was given', async (t) => {
  fc.assert(
    fc.property(anyJournal(), fc.nat({ max: 60 }), (entries, cut) => {
      const whole = new Fleet()
      whole.apply(entries)
      const first = new Fleet()
      first.apply(entries.slice(0, cut))
      const second = new Fleet()
      second.restore(first.state())
      second.apply(entries.slice(cut))
      return isDeepStrictEqual(second.state(), whole.state()) && sameIndexes(second)
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('whoever follows a fleet from its start hears of what it is restored from', async (t) => {
  const former = new Fleet()
  former.apply(
    [joined, registered, passing].map((change, index) => ({
      revision: index + 1,
      event: { version: 1, at: 0, by: 'agent:test', change },
    })),
  )
  const fleet = new Fleet()
  const heard: FleetChange[] = []
  fleet.watch((change) => heard.push(change))
  fleet.restore(former.state())
  t.match(heard, [
    {
      revision: 3,
      nodes: new Set([nodeSpec.id]),
      instances: new Set([spec.id]),
      services: new Set([spec.service]),
      installation: true,
      removal: false,
    },
  ])
  t.equal(heard.length, 1)
})
