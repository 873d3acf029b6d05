import t from 'tap'
import { machinesOf } from '#test/support/agents/machines-of.ts'
import type { Contact, NodeBelief } from '../../../fleet/belief.ts'
import type { Sign } from './contact.ts'
import { hasLeft, type Machines, type Watched } from './machine.ts'

const beatMs = 5_500

function watched(id: string, machine: string, contact: Contact, sign: Sign, before: Contact = contact): Watched {
  const spec = {
    id,
    name: id,
    machine,
    incarnation: 1,
    address: '',
    site: 'tencent',
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
  return { node, sign, contact, dead: false }
}
const live = (heardAt: number): Sign => ({ kind: 'live', session: 's', heardAt })
const gone = (goodbye: boolean): Sign => ({ kind: 'gone', since: 0, goodbye })
const nothing: Machines = new Map()

t.test('a machine is in contact while one of its nodes is', async (t) => {
  const nodes = [watched('a', 'm', 'suspect', gone(false)), watched('b', 'm', 'connected', live(0))]
  t.match(machinesOf(nodes, nothing, 1, beatMs).get('m'), { lostAt: undefined, overdue: false, left: false })
})

t.test('a machine is lost when the last of its nodes is, and stays lost since then', async (t) => {
  const nodes = [watched('a', 'm', 'suspect', gone(false), 'connected')]
  const first = machinesOf(nodes, nothing, 100, beatMs)
  t.equal(first.get('m')?.lostAt, 100)
  t.equal(machinesOf([watched('a', 'm', 'lost', gone(false))], first, 900, beatMs).get('m')?.lostAt, 100)
})

t.test('what was lost before the plane started was not lost just now', async (t) => {
  const nodes = [watched('a', 'm', 'lost', { kind: 'awaited', until: 0 })]
  t.equal(machinesOf(nodes, nothing, 100, beatMs).get('m')?.lostAt, Number.NEGATIVE_INFINITY)
})

t.test('a machine whose agents all said goodbye has left', async (t) => {
  const nodes = [watched('a', 'm', 'suspect', gone(true)), watched('b', 'm', 'suspect', gone(true))]
  t.equal(machinesOf(nodes, nothing, 0, beatMs).get('m')?.left, true)
  t.equal(machinesOf([...nodes, watched('c', 'm', 'suspect', gone(false))], nothing, 0, beatMs).get('m')?.left, false)
})

for (const { name, said, sign, left } of [
  { name: 'of a plane that ended since', said: true, sign: { kind: 'awaited', until: 0 }, left: true },
  { name: 'of a plane that goes on', said: true, sign: { kind: 'elsewhere', heardAt: 0 }, left: true },
  { name: 'nobody has heard of', said: false, sign: { kind: 'awaited', until: 0 }, left: false },
  { name: 'of a session before this one', said: true, sign: live(0), left: false },
  { name: 'of a session before one that broke off', said: true, sign: gone(false), left: false },
] as const) {
  t.test(`a goodbye ${name} ${left ? 'counts' : 'does not count'}`, async (t) => {
    const each = watched('a', 'm', 'suspect', sign)
    const node = said ? { ...each.node, goodbye: true as const } : each.node
    t.equal(hasLeft(node, sign), left)
    t.equal(machinesOf([{ ...each, node }], nothing, 0, beatMs).get('m')?.left, left)
  })
}

t.test('a machine is overdue when none of its nodes was heard of lately', async (t) => {
  const nodes = [watched('a', 'm', 'connected', live(0)), watched('b', 'm', 'connected', live(3_000))]
  t.equal(machinesOf(nodes, nothing, 6_000, beatMs).get('m')?.overdue, false)
  t.equal(machinesOf(nodes, nothing, 9_000, beatMs).get('m')?.overdue, true)
})

t.test('a machine is dead when all its nodes are', async (t) => {
  const nodes = [watched('a', 'm', 'lost', gone(false)), watched('b', 'm', 'lost', gone(false))]
  t.equal(machinesOf(nodes, nothing, 0, beatMs).get('m')?.dead, false)
  const [first, second] = nodes.map((each) => ({ ...each, dead: true }))
  t.equal(
    machinesOf(
      [first, nodes[1]].flatMap((each) => each ?? []),
      nothing,
      0,
      beatMs,
    ).get('m')?.dead,
    false,
  )
  t.equal(
    machinesOf(
      [first, second].flatMap((each) => each ?? []),
      nothing,
      0,
      beatMs,
    ).get('m')?.dead,
    true,
  )
})
