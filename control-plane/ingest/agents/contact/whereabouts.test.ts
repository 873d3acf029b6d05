import fc from 'fast-check'
import t from 'tap'
import type { Sign } from './contact.ts'
import { Whereabouts } from './whereabouts.ts'

const live: Sign = { kind: 'live', session: 's2', heardAt: 5 }
const gone: Sign = { kind: 'gone', since: 5, goodbye: false }

/** Planes `a` (this one), `b` and `c`, of which some live. */
function whereabouts({ living = ['b', 'c'], leads = false, heardAt = 7 } = {}) {
  const state = { living, leads }
  const others = {
    lives: (replica: string) => state.living.includes(replica),
    heardAt: () => heardAt,
    leads: () => state.leads,
  }
  return { state, where: new Whereabouts({ replica: 'a', others, graceMs: 15_000 }) }
}

for (const { name, at, here, living, leads, expected } of [
  { name: 'a session here', at: 'a', here: live, expected: live },
  { name: 'a session that begins here while the journal has another', at: 'b', here: live, expected: live },
  { name: 'a session that ended here', at: 'a', here: gone, expected: gone },
  {
    name: 'one that ended here but goes on elsewhere',
    at: 'b',
    here: gone,
    expected: { kind: 'elsewhere', heardAt: 7 },
  },
  { name: 'one elsewhere', at: 'b', here: undefined, expected: { kind: 'elsewhere', heardAt: 7 } },
  {
    name: 'one of a plane that died, for who does not lead',
    at: 'b',
    here: undefined,
    living: ['c'],
    expected: { kind: 'elsewhere', heardAt: undefined },
  },
  {
    name: 'one of a plane that died, for the leader',
    at: 'b',
    here: undefined,
    living: ['c'],
    leads: true,
    expected: { kind: 'awaited', until: 15_100 },
  },
  {
    name: 'one of the process before, where nobody else is',
    at: 'former',
    here: undefined,
    living: [],
    leads: true,
    expected: { kind: 'awaited', until: 15_100 },
  },
] as const) {
  t.test(`what is before the eyes of a plane: ${name}`, async (t) => {
    const { where } = whereabouts({ ...(living ? { living: [...living] } : {}), leads: leads ?? false })
    t.strictSame(where.sign('n', { replica: at, session: 's1' }, here, 100), expected)
  })
}

t.test('each node that has joined and is not on record as attached yet has time of its own', async (t) => {
  const { where } = whereabouts({ leads: true })
  const sign = (node: string, now: number) => where.sign(node, undefined, undefined, now)
  t.strictSame(sign('n1', 1_000), { kind: 'awaited', until: 16_000 })
  t.strictSame(sign('n1', 1_250), { kind: 'awaited', until: 16_000 })
  where.sign('n1', { replica: 'b', session: 's1' }, undefined, 1_500)
  t.strictSame(sign('n2', 60_000), { kind: 'awaited', until: 75_000 }, 'another one, much later')
  where.forgive(500)
  t.strictSame(sign('n2', 60_500), { kind: 'awaited', until: 75_500 })
  t.strictSame(sign('n1', 90_000), { kind: 'awaited', until: 105_000 }, 'it has joined anew')
})

t.test('a plane that becomes the leader does not begin the grace anew', async (t) => {
  const { state, where } = whereabouts({ living: ['c'] })
  const sign = (now: number) => where.sign('n', { replica: 'b', session: 's1' }, undefined, now)
  sign(1_000)
  state.leads = true
  t.strictSame(sign(9_000), { kind: 'awaited', until: 16_000 })
  where.forgive(500)
  t.strictSame(sign(9_500), { kind: 'awaited', until: 16_500 })
  state.living = ['b', 'c']
  t.match(sign(10_000), { kind: 'elsewhere' })
  state.living = ['c']
  t.strictSame(sign(20_000), { kind: 'awaited', until: 35_000 }, 'it died a second time')
})

t.test('of any node at most one plane judges the contact, and exactly one where somebody leads', async (t) => {
  const names = ['a', 'b', 'c']
  fc.assert(
    fc.property(
      fc.constantFrom('a', 'b', 'c', 'former'),
      fc.subarray(names, { minLength: 1 }),
      fc.constantFrom(...names),
      (at, living, leader) => {
        const judges = living.filter((replica) => {
          const others = {
            lives: (run: string) => run !== replica && living.includes(run),
            heardAt: () => undefined,
            leads: () => replica === leader,
          }
          const here = at === replica ? gone : undefined
          const where = new Whereabouts({ replica, others, graceMs: 15_000 })
          return where.sign('n', { replica: at, session: 's' }, here, 0).kind !== 'elsewhere'
        })
        return judges.length === (living.includes(at) || living.includes(leader) ? 1 : 0)
      },
    ),
  )
  t.pass('one')
})
