import t from 'tap'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { quickSettings, quiet } from '#test/support/agents/agents-plane.ts'
import { FleetBuilder, instanceRegistered } from '#test/support/fleet-builder.ts'
import { waitFor } from '#test/support/wait.ts'
import { Sightings } from './sightings.ts'
import { surveyInstances } from './survey.ts'
import { planeId } from './vantage.ts'

t.setTimeout(120_000)

const longMs = 3_600_000
const plane = { machine: 'machine-plane', site: '' }
const check = (port: number): ProbeSpec => ({ kind: 'tcp', address: '192.0.2.1', port, timeoutMs: 1_000 })

/** Two instances on a node, each of which the plane sees; after its first look at one the next is due in an hour. */
function open() {
  const builder = new FleetBuilder()
  builder.node('n-1')
  for (const id of ['a', 'b']) builder.instance(id, 'n-1', { checks: [check(1)] })
  const sightings = new Sightings()
  const asked: string[] = []
  const start = () =>
    surveyInstances({
      fleet: builder.fleet,
      sessions: {
        ask: async () => undefined,
        sign: () => ({ kind: 'live', session: 's', heardAt: performance.now() }),
      },
      sightings,
      settings: { ...quickSettings.vantages, survey_every: longMs },
      plane,
      log: quiet,
      async ask(vantage, { port }) {
        asked.push(`${vantage.id} ${port}`)
        return { health: 'passing', reason: reason('ok') }
      },
    })
  const seenBy = (id: string, port: number) =>
    sightings.of(id, JSON.stringify(check(port)), performance.now(), longMs).map((vantage) => vantage.id)
  const untilSeen = (id: string, port: number) =>
    waitFor(() => seenBy(id, port).includes(planeId), { what: `a look at ${id} on port ${port}`, withinMs: 20_000 })
  return { builder, sightings, asked, start, seenBy, untilSeen }
}

t.test('a check that was changed is looked at soon; what else was changed is no reason to look', async (t) => {
  const { builder, asked, start, seenBy, untilSeen } = open()
  await using _survey = start()
  await Promise.all([untilSeen('a', 1), untilSeen('b', 1)])
  t.equal(asked.length, 2)
  builder.change(...instanceRegistered('a', 'n-1', { checks: [check(1)], tags: ['blue'] }))
  for (const port of [2, 3]) {
    builder.change(...instanceRegistered('b', 'n-1', { checks: [check(port)] }))
    t.strictSame(seenBy('b', port), [])
    await untilSeen('b', port)
  }
  t.strictSame(asked, ['plane 1', 'plane 1', 'plane 2', 'plane 3'])
})

t.test('who is registered anew, or is well again, is looked at soon', async (t) => {
  const { builder, asked, start, seenBy, untilSeen } = open()
  await using _survey = start()
  await Promise.all([untilSeen('a', 1), untilSeen('b', 1)])
  builder.judge('b', 'critical', 'refused')
  builder.deregister('a')
  t.strictSame([seenBy('a', 1), seenBy('b', 1)], [[], [planeId]])
  builder.judge('b', 'passing')
  builder.instance('a', 'n-1', { checks: [check(1)] })
  await untilSeen('a', 1)
  await waitFor(() => asked.length === 4, { what: 'looks at both', withinMs: 20_000 })
  t.strictSame(asked, Array(4).fill('plane 1'))
})

t.test('what was kept of instances that are gone meanwhile is forgotten', async (t) => {
  const { sightings, start, seenBy, untilSeen } = open()
  for (const id of ['a', 'gone']) sightings.saw(id, JSON.stringify(check(7)), { id: 'n-2', ...plane }, -longMs / 2)
  await using _survey = start()
  await untilSeen('a', 1)
  t.strictSame([seenBy('a', 7), seenBy('gone', 7)], [['n-2'], []])
})

t.test('whom a vantage could not see is looked at again soon, and ever more seldom', async (t) => {
  const builder = new FleetBuilder()
  builder.node('n-1')
  builder.instance('hidden', 'n-1', { checks: [check(1)] })
  builder.instance('lost-once', 'n-1', { checks: [check(2)] })
  const asked: { readonly port: number; readonly at: number }[] = []
  const looks = (port: number) => asked.filter((each) => each.port === port)
  const sightings = new Sightings()
  await using _survey = surveyInstances({
    fleet: builder.fleet,
    sessions: {
      ask: async () => undefined,
      sign: () => ({ kind: 'live', session: 's', heardAt: performance.now() }),
    },
    sightings,
    settings: { ...quickSettings.vantages, survey_every: longMs },
    plane,
    log: quiet,
    againMs: 500,
    async ask(_, { port }) {
      asked.push({ port, at: performance.now() })
      return port === 2 && looks(2).length > 1 ? { health: 'passing', reason: reason('ok') } : undefined
    },
  })
  await waitFor(() => looks(1).length === 4, { what: 'a fourth look at the one that is hidden', withinMs: 60_000 })
  const [first = 0, second = 0, third = 0, fourth = 0] = looks(1).map(({ at }) => at)
  t.ok(second - first >= 250 && third - second >= 750 && fourth - third >= 1_750, 'each after twice the time')
  t.equal(looks(2).length, 2, 'who was seen then is not looked at again')
  t.equal(sightings.of('lost-once', JSON.stringify(check(2)), performance.now(), longMs).length, 1)
})
