import t from 'tap'
import { judgeOwn } from './own-admissions.ts'

const by = 'agent:n-a'
const admission = (state: 'active' | 'draining' | 'maintenance', whose = by) =>
  ({ state, by: whose, reason: '', since: 0, expiresAt: undefined }) as const
const fleet = new Map(
  Object.entries({
    serving: { node: 'n-a', admission: admission('active', 'operator:anna') },
    drained: { node: 'n-a', admission: admission('draining') },
    repaired: { node: 'n-a', admission: admission('maintenance', 'operator:anna') },
    theirs: { node: 'n-b', admission: admission('active') },
  }),
)

for (const { name, instances, wanted, judged } of [
  {
    name: 'what serves is drained',
    instances: ['serving'],
    wanted: 'draining',
    judged: { change: ['serving'], kept: {} },
  },
  {
    name: 'what serves need not be brought back',
    instances: ['serving'],
    wanted: 'active',
    judged: { change: [], kept: {} },
  },
  {
    name: 'its own draining is renewed',
    instances: ['drained'],
    wanted: 'draining',
    judged: { change: ['drained'], kept: {} },
  },
  {
    name: 'its own draining is ended',
    instances: ['drained'],
    wanted: 'active',
    judged: { change: ['drained'], kept: {} },
  },
  {
    name: "an operator's order is neither ended",
    instances: ['repaired', 'drained'],
    wanted: 'active',
    judged: { change: ['drained'], kept: { repaired: 'operator:anna' } },
  },
  {
    name: 'nor replaced',
    instances: ['repaired'],
    wanted: 'draining',
    judged: { change: [], kept: { repaired: 'operator:anna' } },
  },
  {
    name: 'one that is named twice counts once',
    instances: ['serving', 'serving'],
    wanted: 'draining',
    judged: { change: ['serving'], kept: {} },
  },
] as const) {
  t.test(name, async (t) => {
    t.strictSame(
      judgeOwn({ instances: [...instances], admission: wanted }, 'n-a', by, (id) => fleet.get(id)),
      {
        kind: 'own',
        ...judged,
      },
    )
  })
}

t.test("one of another node's, or one that is not there, refuses all", async (t) => {
  for (const other of ['theirs', 'nothing']) {
    const asked = { instances: ['serving', other], admission: 'draining' } as const
    t.strictSame(
      judgeOwn({ ...asked, instances: [...asked.instances] }, 'n-a', by, (id) => fleet.get(id)),
      {
        kind: 'foreign',
        instance: other,
      },
    )
  }
})
