import { pino } from 'pino'
import t from 'tap'
import type { Change } from '#control-plane/fleet/event.ts'
import type { RecordChange } from '#control-plane/fleet/record.ts'
import type { AdmitOutcome } from '#shared/protocol/admit.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { TakeAdmissions } from './take-admissions.ts'

const by = 'agent:n-a'
const log = pino({ level: 'silent' })
const ordered = (instance: string, admission: 'draining' | 'maintenance'): Change => {
  return { kind: 'admitted', instance, admission, reason: 'test', expiresAt: undefined }
}

/** What an agent is told of a draining of two instances, while something happens before each word is recorded. */
async function drained(meanwhile: (word: number, world: FleetBuilder) => void) {
  const world = new FleetBuilder()
  world.node('n-a')
  for (const id of ['a', 'b']) world.instance(id, 'n-a')
  let words = 0
  const record: RecordChange = async (change, { by, seen }) => {
    await undefined
    words += 1
    meanwhile(words, world)
    const revision = world.fleet.revision + 1
    const event = { version: 1, at: revision, by, change, ...(seen === undefined ? {} : { seen }) } as const
    return world.fleet.apply([{ revision, event }])[0] ?? 'unchanged'
  }
  const { promise, resolve } = Promise.withResolvers<AdmitOutcome>()
  const taking = new TakeAdmissions({ fleet: world.fleet, record, waitingFor: () => [], log }, (outcome) => {
    if (outcome.state !== 'recorded') resolve(outcome)
  })
  const asked = { admission: 'draining', instances: ['a', 'b'], reason: 'deploy', forMs: 60_000 } as const
  taking.heard('n-a', { type: 'admit', id: '1', ...asked, instances: [...asked.instances] })
  const outcome = await promise
  taking.end()
  const state = (id: string) => world.fleet.instances.get(id)?.admission
  return { outcome, a: state('a'), b: state('b'), words }
}

t.test('what its checks find meanwhile does not stand in the way of what an agent asks', async (t) => {
  const { outcome, a, b, words } = await drained((word, world) => {
    if (word === 1) world.judge('a', 'critical')
  })
  t.match(outcome, { state: 'proven' })
  t.match(
    [a, b],
    [
      { state: 'draining', by },
      { state: 'draining', by },
    ],
  )
  t.equal(words, 3, 'only what was overtaken is said again')
})

t.test('what somebody orders meanwhile goes before it', async (t) => {
  const { outcome, a, b } = await drained((word, world) => {
    if (word === 1) world.change(ordered('a', 'maintenance'))
  })
  t.match(outcome, { state: 'proven', kept: { a: 'operator:test' } })
  t.match(
    [a, b],
    [
      { state: 'maintenance', by: 'operator:test' },
      { state: 'draining', by },
    ],
  )
})

t.test('what changes again and again is refused, and not for ever', async (t) => {
  const { outcome, a, words } = await drained((word, world) => world.judge('a', word % 2 ? 'critical' : 'passing'))
  t.match(outcome, { state: 'refused', why: /again and again/ })
  t.match(a, { state: 'active' })
  t.equal(words, 6, 'one for what was not overtaken, five for what was')
})
