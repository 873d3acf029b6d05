import fc from 'fast-check'
import t from 'tap'
import type { InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import { Report } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { temporaryBacklog } from '#test/support/agents/backlog.ts'
import type { Backlog } from '../buffer/open-backlog.ts'
import { Outbox } from './outbox.ts'

const ok: Verdict = { health: 'passing', reason: reason('ok') }
const bad: Verdict = { health: 'critical', reason: reason('refused') }
const unknown: Verdict = { health: 'unknown', reason: reason('no_verdict') }
const metric = { name: 'host_load', value: 1, unit: 'count' } as const

function spec(id: string, tags: string[] = []): InstanceSpec {
  return { id, service: 'crm', address: '10.0.0.1', port: 80, tags, metadata: {}, checks: [] }
}

t.test('a session begins with everything, then only what changes is told, with its age', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec('a'), unknown, 0)
  outbox.specified(spec('b'), unknown, 0)
  outbox.judged('a', ok, 10)
  t.match(outbox.begin(25), {
    sequence: 1,
    whole: true,
    instances: [
      { id: 'a', spec: spec('a'), health: 'passing', ageMs: 15 },
      { id: 'b', spec: spec('b'), health: 'unknown', ageMs: 25 },
    ],
  })
  t.equal(outbox.next(26), undefined)
  outbox.judged('b', bad, 30)
  t.match(outbox.next(31), { sequence: 2, instances: [{ id: 'b', health: 'critical', spec: spec('b') }] })
  outbox.acknowledge(2)
  outbox.judged('b', ok, 40)
  const third = outbox.next(40)
  t.equal(third?.instances?.length, 1)
  t.equal(third?.instances?.[0]?.spec, undefined, 'a specification that was acknowledged is not repeated')
  t.equal(third?.whole, undefined)
  t.notOk(outbox.settled)
  outbox.acknowledge(3)
  t.ok(outbox.settled)
  t.equal(await untold(kept.backlog), '')
})

t.test('two changes of one instance keep their order, in two reports', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec('a'), unknown, 0)
  outbox.begin(0)
  outbox.judged('a', bad, 1)
  outbox.judged('a', ok, 2)
  t.match(outbox.next(3)?.instances, [{ health: 'critical' }])
  t.match(outbox.next(3)?.instances, [{ health: 'passing' }])
  t.equal(outbox.next(3), undefined)
})

t.test('the next session begins with what is, and what no plane acknowledged is history', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec('a'), ok, 0)
  outbox.begin(0)
  outbox.acknowledge(1)
  outbox.judged('a', bad, 1)
  outbox.next(1)
  t.equal(await untold(kept.backlog), '', 'it is being told')
  outbox.end()
  t.equal(outbox.next(2), undefined)
  outbox.judged('a', ok, 3)
  t.equal(await untold(kept.backlog), 'a critical, a passing')
  t.match(outbox.begin(60_000), {
    sequence: 3,
    whole: true,
    instances: [{ health: 'passing', ageMs: 59_997, spec: spec('a') }],
  })
  t.equal(await untold(kept.backlog), 'a critical, a passing', 'what is says nothing about when')
})

t.test('a verdict that the first report tells within seconds is no history', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec('a'), unknown, 0)
  outbox.judged('a', ok, 10)
  outbox.begin(500)
  t.equal(await untold(kept.backlog), '')
  outbox.end()
  t.equal(await untold(kept.backlog), 'a passing', 'unless it was not acknowledged')
  outbox.begin(600)
  outbox.acknowledge(2)
  outbox.end()
  t.equal(await untold(kept.backlog), '')
})

t.test('a withdrawn instance is told so, and comes back whole', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog)
  outbox.specified(spec('a'), ok, 0)
  outbox.begin(0)
  outbox.judged('a', bad, 1)
  outbox.withdrawn('a')
  outbox.withdrawn('a')
  outbox.judged('a', ok, 1)
  t.strictSame(outbox.next(2), { type: 'report', sequence: 2, withdrawn: ['a'] })
  outbox.withdrawn('b')
  t.equal(outbox.next(2), undefined)
  outbox.specified(spec('a', ['x']), unknown, 3)
  t.match(outbox.next(3), { instances: [{ spec: { tags: ['x'] } }] })
})

t.test('what was measured without a session, or not acknowledged in one, is history', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog, { mostWaiting: 3, mostUnacknowledged: 9 })
  const waiting = () => kept.backlog.state.samples.waiting
  outbox.measured([metric, metric])
  t.equal(await untold(kept.backlog), '2 metrics')
  outbox.begin(0)
  for (let n = 0; n < 5; n += 1) outbox.measured([metric])
  t.equal(await untold(kept.backlog), '2 metrics, 1 metrics, 1 metrics', 'more than may wait')
  const report = outbox.next(1)
  t.equal(report?.metrics?.length, 3)
  outbox.acknowledge(report?.sequence ?? 0)
  t.equal(waiting(), 3)
  outbox.measured(Array.from({ length: 4_500 }, () => metric))
  t.equal(waiting(), 12)
  for (let next = outbox.next(2); next; next = outbox.next(2)) {
    Report.parse(next)
    outbox.acknowledge(next.sequence)
  }
  outbox.measured([metric])
  outbox.end()
  t.match(await untold(kept.backlog), /1 metrics$/)
})

t.test('a plane that does not acknowledge is not flooded; what is overtaken is history', async (t) => {
  await using kept = await temporaryBacklog()
  const outbox = new Outbox(kept.backlog, { mostWaiting: 4, mostUnacknowledged: 2 })
  let news = 0
  outbox.specified(spec('a'), ok, 0)
  outbox.specified(spec('b'), ok, 0)
  outbox.begin(0)
  outbox.onNews = () => {
    news += 1
  }
  outbox.judged('a', bad, 1)
  t.ok(outbox.next(1))
  outbox.specified(spec('b', ['new']), ok, 2)
  for (let at = 2; at < 20; at += 1) outbox.judged('a', at % 2 ? bad : ok, at)
  outbox.judged('b', bad, 20)
  t.equal(outbox.next(20), undefined)
  t.equal(outbox.unacknowledged, 2)
  const before = news
  outbox.acknowledge(2)
  t.equal(news, before + 1, 'the way is free again')
  const told: { id: string; health: string; tags: string[] | undefined }[] = []
  for (let report = outbox.next(20); report; report = outbox.next(20)) {
    told.push(...(report.instances ?? []).map(({ id, health, spec }) => ({ id, health, tags: spec?.tags })))
    outbox.acknowledge(report.sequence)
  }
  t.equal(told.findLast(({ id }) => id === 'b')?.health, 'critical')
  t.ok(told.some(({ id, tags }) => id === 'b' && tags?.includes('new')))
  t.equal(told.findLast(({ id }) => id === 'a')?.health, 'critical')
  t.ok(told.length <= 6)
  t.equal(kept.backlog.state.edges.waiting, 17, 'of twenty changes three were told at once')
  t.match(await untold(kept.backlog), /^a passing, a critical, a passing, /)
})

/** A plane that believes what it is told, and the sessions and losses between. */
type Step =
  | { readonly kind: 'specify'; readonly id: string }
  | { readonly kind: 'withdraw'; readonly id: string }
  | { readonly kind: 'judge'; readonly id: string; readonly verdict: Verdict }
  | { readonly kind: 'tell'; readonly acknowledged: boolean }
  | { readonly kind: 'cut' }

/** What is to be told as history, in order. */
async function untold(backlog: Backlog): Promise<string> {
  const found = await backlog.untold(1_000_000)
  if (found === undefined) return ''
  if (found.kind === 'samples') return found.records.map(({ metrics }) => `${metrics.length} metrics`).join(', ')
  return found.records.map(({ id, verdict }) => `${id} ${verdict.health}`).join(', ')
}

t.test('whatever is lost, after the next session and quiet the plane believes what is', async (t) => {
  const id = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ kind: fc.constant('specify'), id }),
    fc.record({ kind: fc.constant('withdraw'), id }),
    fc.record({ kind: fc.constant('judge'), id, verdict: fc.constantFrom(ok, bad) }),
    fc.record({ kind: fc.constant('tell'), acknowledged: fc.boolean() }),
    fc.record({ kind: fc.constant('cut') }),
  )
  await using kept = await temporaryBacklog(64 * 1024 * 1024)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, mostWaiting) => {
      const outbox = new Outbox(kept.backlog, { mostWaiting, mostUnacknowledged: 3 })
      const is = new Map<string, { tags: number; health: string }>()
      const believed = new Map<string, { tags: number; health: string }>()
      let now = 0
      let attached = false
      let sequence = 0
      const hear = (report: Report): void => {
        Report.parse(report)
        if (report.sequence !== sequence + 1) throw new Error('a gap in the sequence')
        sequence = report.sequence
        const ids = (report.instances ?? []).map((told) => told.id)
        if (new Set(ids).size !== ids.length) throw new Error('an instance twice in one report')
        if (report.whole) believed.clear()
        for (const told of report.instances ?? []) {
          const tags = told.spec ? told.spec.tags.length : believed.get(told.id)?.tags
          if (tags === undefined) throw new Error('a specification is missing')
          believed.set(told.id, { tags, health: told.health })
        }
        for (const gone of report.withdrawn ?? []) believed.delete(gone)
      }
      const tell = (acknowledged: boolean): void => {
        if (!attached) {
          hear(outbox.begin(now))
          attached = true
        } else {
          const report = outbox.next(now)
          if (report) hear(report)
        }
        if (acknowledged) outbox.acknowledge(sequence)
      }
      for (const next of steps) {
        now += 1
        if (next.kind === 'tell') tell(next.acknowledged)
        else if (next.kind === 'cut') {
          outbox.end()
          attached = false
        } else if (next.kind === 'specify') {
          const health = is.get(next.id)?.health ?? 'unknown'
          is.set(next.id, { tags: now % 50, health })
          outbox.specified(
            spec(
              next.id,
              Array.from({ length: now % 50 }, () => 'x'),
            ),
            health === 'unknown' ? unknown : health === 'passing' ? ok : bad,
            now,
          )
        } else if (next.kind === 'withdraw') {
          is.delete(next.id)
          outbox.withdrawn(next.id)
        } else {
          const known = is.get(next.id)
          if (known) is.set(next.id, { ...known, health: next.verdict.health })
          outbox.judged(next.id, next.verdict, now)
        }
      }
      for (let n = 0; n < 200 && (!attached || !outbox.settled); n += 1) tell(true)
      const sorted = (map: typeof is) => JSON.stringify([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
      return sorted(believed) === sorted(is)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
