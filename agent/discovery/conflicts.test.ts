import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { conflictsOf, type Held } from './conflicts.ts'
import { claimOn, givesWay, waitsFor } from './rivals.ts'

const held = (over: Partial<Held> = {}): Held => ({
  service: 'crm',
  address: '10.0.0.7',
  port: 8080,
  origin: 'declared',
  reason: reason('ok'),
  ...over,
})
const mismatch = reason('identity_mismatch', { expected: 'crm', answered: 'billing' })
const process = { pid: 4711, name: 'billing.py', command: 'python3 billing.py', unit: 'billing.service' }
const rival = (node: string) => ({
  node,
  claims: [{ id: 'crm-00000000', service: 'crm', address: '127.0.0.1', port: 8080 }],
})

for (const { what, all, processes = [], rivals = [], conflicts } of [
  { what: 'nothing that is alone', all: [held(), held({ port: 8081 }), held({ address: '10.0.0.8' })], conflicts: [] },
  {
    what: 'two declarations of one place',
    all: [held(), held({ service: 'billing' })],
    conflicts: [
      {
        kind: 'declared',
        address: '10.0.0.7',
        port: 8080,
        claimants: ['crm, declared here', 'billing, declared here'],
      },
    ],
  },
  {
    what: 'a stranger at the place of a declared one',
    all: [held({ reason: mismatch })],
    processes: [process],
    conflicts: [
      {
        kind: 'stranger',
        address: '10.0.0.7',
        port: 8080,
        claimants: ['crm, declared here', 'billing, which answers there: billing.py (pid 4711, unit billing.service)'],
      },
    ],
  },
  {
    what: 'a stranger whose process cannot be seen',
    all: [held({ reason: mismatch, origin: 'adopted' })],
    conflicts: [
      {
        kind: 'stranger',
        address: '10.0.0.7',
        port: 8080,
        claimants: ['crm, adopted here', 'billing, which answers there'],
      },
    ],
  },
  {
    what: 'two agents that look after the same',
    all: [held()],
    rivals: [rival('n-bbbbbbbbbbbb')],
    conflicts: [
      {
        kind: 'agents',
        address: '10.0.0.7',
        port: 8080,
        claimants: [
          'crm, declared here of node n-aaaaaaaaaaaa',
          'crm, looked after by the agent of node n-bbbbbbbbbbbb',
        ],
      },
    ],
  },
] as const) {
  t.test(`of conflicts there is ${what}`, async (t) => {
    const byPort = new Map(processes.map((each) => [8080, each]))
    t.strictSame(conflictsOf(all, byPort, 'n-aaaaaaaaaaaa', rivals), conflicts)
  })
}

t.test('of two agents that adopted the same exactly one gives way, whoever looks first', async (t) => {
  const [a, b] = [rival('n-aaaaaaaaaaaa'), rival('n-bbbbbbbbbbbb')]
  t.ok(givesWay(b.node, a))
  t.notOk(givesWay(a.node, b))
  t.ok(waitsFor(b.node, [a]))
  t.notOk(waitsFor(a.node, [b]))
  t.notOk(waitsFor(a.node, []))
})

t.test('a port that another agent looks after is found with its owner', async (t) => {
  t.match(claimOn(8080, [{ node: 'n-x', claims: [] }, rival('n-b')]), {
    rival: { node: 'n-b' },
    claim: { service: 'crm' },
  })
  t.equal(claimOn(8081, [rival('n-b')]), undefined)
})
