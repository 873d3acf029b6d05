import t from 'tap'
import { helloOf } from '#test/support/agents/agent-client.ts'
import type { NodeBelief, NodeSpec } from '../../../fleet/belief.ts'
import { judgeHello } from './hello.ts'

const node = 'n-aaaaaaaaaaaa'

function believed(over: Partial<NodeSpec> = {}): NodeBelief {
  const { type: _, ...hello } = helloOf({ node, machine: 'm1', incarnation: 3 })
  const { node: id, cluster = '', gateways = [], ...rest } = hello
  const spec = { ...rest, id, cluster, gateways, ...over }
  const contact = 'connected' as const
  return { spec, contact, contactSince: 0, attachment: undefined, demoted: false, joinedAt: 0, revision: 1 }
}

for (const { name, hello, known, live, expected } of [
  {
    name: 'a new node joins',
    hello: {},
    known: undefined,
    live: undefined,
    expected: { kind: 'welcome', joined: true },
  },
  {
    name: 'a process that comes back changes nothing',
    hello: {},
    known: believed(),
    live: undefined,
    expected: { kind: 'welcome', joined: false },
  },
  {
    name: 'a restart joins anew',
    hello: { incarnation: 4 },
    known: believed(),
    live: undefined,
    expected: { kind: 'welcome', joined: true },
  },
  {
    name: 'a new address joins anew',
    hello: { address: '10.9.9.9' },
    known: believed(),
    live: undefined,
    expected: { kind: 'welcome', joined: true },
  },
  {
    name: 'an agent takes the name that a client without one gave',
    hello: {},
    known: believed({ machine: '' }),
    live: undefined,
    expected: { kind: 'welcome', joined: true },
  },
  {
    name: 'a process that was replaced is refused',
    hello: { incarnation: 2 },
    known: believed(),
    live: undefined,
    expected: { kind: 'refused', code: 'superseded' },
  },
  {
    name: 'a process is refused while its successor is not on disk yet',
    hello: {},
    known: undefined,
    live: helloOf({ node, machine: 'm1', incarnation: 4 }),
    expected: { kind: 'refused', code: 'superseded' },
  },
  {
    name: 'another machine is refused',
    hello: { machine: 'm2', incarnation: 9 },
    known: believed(),
    live: undefined,
    expected: { kind: 'refused', code: 'node-elsewhere' },
  },
] as const) {
  t.test(name, async (t) => {
    t.match(judgeHello(helloOf({ node, machine: 'm1', incarnation: 3, ...hello }), known, live), expected)
  })
}

t.test('a refusal of another machine names both', async (t) => {
  const answer = judgeHello(
    helloOf({ node, machine: 'm2', name: 'copy', address: '10.0.0.2' }),
    believed({ name: 'first' }),
    undefined,
  )
  t.match(answer, { message: /m1 .*first.*m2 .*copy.*10\.0\.0\.2/ })
})

t.test('whose a node is says its certificate, and no hello', async (t) => {
  const said = { ...helloOf({ node: 'n-aaaaaaaaaaaa', machine: 'm1', incarnation: 3 }), tenant: 'other' }
  t.match(judgeHello(said, undefined, undefined, 'acme'), { kind: 'welcome', node: { tenant: 'acme' } })
  const nobodys = judgeHello(said, undefined, undefined)
  t.equal(nobodys.kind === 'welcome' && nobodys.node.tenant, undefined)
})
