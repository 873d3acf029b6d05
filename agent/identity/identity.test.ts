import t from 'tap'
import { nextIdentity } from './identity.ts'

const kept = { node: 'n-aaaaaaaaaaaa', machine: 'm1', incarnation: 4 }
const newId = () => 'n-bbbbbbbbbbbb'

for (const { what, was, machine, identity, origin } of [
  {
    what: 'first',
    was: undefined,
    machine: 'm1',
    identity: { node: newId(), machine: 'm1', incarnation: 1 },
    origin: 'new',
  },
  { what: 'next', was: kept, machine: 'm1', identity: { ...kept, incarnation: 5 }, origin: 'known' },
  {
    what: 'copied',
    was: kept,
    machine: 'm2',
    identity: { node: newId(), machine: 'm2', incarnation: 1 },
    origin: 'copied',
  },
] as const) {
  t.test(`the ${what} start has the right identity`, async (t) => {
    t.strictSame(nextIdentity(was, machine, newId), { identity, origin })
  })
}
