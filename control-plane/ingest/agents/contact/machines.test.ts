import fc from 'fast-check'
import t from 'tap'
import { machinesOf, sitesOf } from '#test/support/agents/machines-of.ts'
import type { Contact, NodeBelief } from '../../../fleet/belief.ts'
import type { Sign } from './contact.ts'
import { type Machines, nodeSign, type Watched } from './machine.ts'
import { KeptMachines } from './machines.ts'
import type { Site } from './sites.ts'

const beatMs = 5_500

const anySign: fc.Arbitrary<Sign> = fc.oneof(
  fc.record({ kind: fc.constant('live' as const), session: fc.constant('s'), heardAt: fc.nat(20_000) }),
  fc.record({ kind: fc.constant('gone' as const), since: fc.nat(20_000), goodbye: fc.boolean() }),
  fc.record({ kind: fc.constant('awaited' as const), until: fc.nat(20_000) }),
)
const anyContact = fc.constantFrom<Contact>('connected', 'suspect', 'lost')
const anyNode = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd'),
  machine: fc.constantFrom('m', 'n'),
  contact: anyContact,
  before: anyContact,
  sign: anySign,
  dead: fc.boolean(),
})

function watched({
  id,
  machine,
  contact,
  before,
  sign,
  dead,
}: typeof anyNode extends fc.Arbitrary<infer T> ? T : never): Watched {
  const spec = {
    id,
    name: id,
    machine,
    incarnation: 1,
    address: '',
    site: `site of ${machine}`,
    cluster: '',
    version: '',
    gateways: [],
  }
  const node: NodeBelief = {
    spec,
    contact: before,
    contactSince: 0,
    attachment: undefined,
    demoted: false,
    joinedAt: 0,
    revision: 1,
  }
  return { node, sign, contact, dead }
}

t.test('what is kept from look to look equals what a look at all nodes gives, whichever come and go', async (t) => {
  const anyLook = fc.uniqueArray(anyNode, { selector: ({ id }) => id })
  fc.assert(
    fc.property(fc.array(fc.tuple(anyLook, fc.nat(4_000)), { maxLength: 12 }), (looks) => {
      const kept = new KeptMachines(beatMs)
      let plain: Machines = new Map()
      const byId = <T extends { readonly id: string }>(all: Iterable<T>) =>
        [...all].sort((a, b) => (a.id < b.id ? -1 : 1))
      let now = 0
      for (const [nodes, laterMs] of looks) {
        now += laterMs
        const all = nodes.map(watched)
        for (const _ of kept.look(all, now));
        plain = machinesOf(all, plain, now, beatMs)
        const inOrder = (machines: Machines) => [...machines].sort(([a], [b]) => (a < b ? -1 : 1))
        t.strictSame(inOrder(kept.all), inOrder(plain))
        const troubled = byId(sitesOf(plain).troubled).map(summary)
        t.strictSame(byId(kept.sites.troubled).map(summary), troubled, 'and so do the sites')
        t.equal(kept.sites.ofOne, sitesOf(plain).ofOne)
        const inTrouble = all.filter(({ node, contact }) => contact !== 'connected' || isTroubled(plain, node))
        t.strictSame(
          inTrouble.filter(({ node }) => !kept.unwell.has(node.spec.id)),
          [],
          'whoever is in trouble is among those who are not well',
        )
        const unwell = all.filter((each) => !saysAllIsWell(each, now)).map(({ node }) => node.spec.id)
        t.strictSame([...kept.unwell].sort(), unwell.sort(), 'and nobody who is well')
      }
    }),
    { numRuns: 300 },
  )
})

function isTroubled(machines: Machines, { spec }: Watched['node']): boolean {
  const machine = machines.get(spec.machine)
  return machine !== undefined && (machine.overdue || machine.lostAt !== undefined)
}

function saysAllIsWell(each: Watched, now: number): boolean {
  const { inContact, wasInContact, left, unheard, dead } = nodeSign(each, now, beatMs)
  return inContact && wasInContact && !left && !unheard && !dead
}

function summary({ id, size, away, overdue }: Site) {
  return { id, size, away: [...away.keys()].sort(), overdue: [...overdue.keys()].sort() }
}
