import t from 'tap'
import type { ReplicaSeen } from '../replicas/replica.ts'
import { mayLead, othersSeen } from './may-lead.ts'

const never = new AbortController().signal

function other(state: ReplicaSeen['state']): ReplicaSeen {
  const said = { run: 'r2', holder: 'two', api: 'http://two', key: 'k', machine: 'm', site: 's', version: '1' }
  return { ...said, state, revision: 1, sessions: 0, agoMs: 0, forMs: 1, self: false, alive: true }
}

for (const { what, serves, others, looked, may } of [
  { what: 'that loads, beside one that serves,', serves: false, others: [other('serving')], looked: true, may: false },
  { what: 'that loads, beside one that leaves,', serves: false, others: [other('leaving')], looked: true, may: true },
  { what: 'that loads alone', serves: false, others: [], looked: true, may: true },
  { what: 'that has not seen who else there is', serves: false, others: [], looked: false, may: false },
  { what: 'that serves beside another one', serves: true, others: [other('serving')], looked: true, may: true },
]) {
  t.test(`a plane ${what} may ${may ? '' : 'not '}begin to lead`, async (t) => {
    const lookedAgoMs = looked ? 0 : Number.POSITIVE_INFINITY
    t.equal(mayLead(serves, { others: () => others, lookedAgoMs }), may)
  })
}

t.test('who else there is is waited for, but not for ever', async (t) => {
  const replicas = { others: () => [], lookedAgoMs: Number.POSITIVE_INFINITY }
  await othersSeen(replicas, 10, never)
  const waiting = othersSeen(replicas, 20_000, never)
  replicas.lookedAgoMs = 3
  await waiting
  t.equal(mayLead(false, replicas), true)
})
