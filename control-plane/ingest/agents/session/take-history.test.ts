import fc from 'fast-check'
import t from 'tap'
import type { History, PastEdge, PastSample } from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { AgentClient, helloOf, nodeId, passing, refused, specOf } from '#test/support/agents/agent-client.ts'
import { quiet, startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { MemoryJournal } from '#test/support/store/memory-journal.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change } from '../../../fleet/event.ts'
import { Fleet } from '../../../fleet/fleet.ts'
import { Histories } from './take-history.ts'

const node = nodeId(1)
const spec = specOf({ id: 'crm-1' })
const edge = (n: number, over: Partial<PastEdge> = {}): PastEdge => ({
  n,
  id: spec.id,
  health: 'critical',
  reason: reason('refused'),
  ageMs: 60_000 - n,
  ...over,
})
const sample = (n: number, over: Partial<PastSample> = {}): PastSample => ({
  n,
  ageMs: 90_000 - n,
  metrics: [{ name: 'host_load', value: n, unit: 'count' }],
  ...over,
})
const history = (over: Partial<History>): History => ({ type: 'history', batch: 1, log: 'log-1', ...over })

/** Takes histories into a fleet that knows the node and its instance. */
async function taker() {
  const fleet = new Fleet()
  const journal = new MemoryJournal(fleet)
  const by = `agent:${node}`
  const joined = helloOf({ node })
  const { machine, name, incarnation, address, site, cluster = '', version } = joined
  const spoken = { id: node, name, machine, incarnation, address, site, cluster, version, gateways: [] }
  await journal.record({ kind: 'node-joined', node: spoken }, { by })
  await journal.record({ kind: 'registered', instance: spec.id, spec, node, origin: 'agent' }, { by })
  await journal.record({ kind: 'judged', instance: spec.id, health: 'passing', reason: reason('ok') }, { by })
  const metrics: { readonly value: number; readonly ageMs: number }[] = []
  const histories = new Histories({
    fleet,
    record: journal.record,
    onMetrics: (_, taken, at) => metrics.push(...taken.map(({ value }) => ({ value, ageMs: Date.now() - at }))),
    log: quiet,
    stop: new AbortController().signal,
  })
  const told = () =>
    journal.entries.flatMap(({ event: { change } }) => (change.kind === 'history-told' ? [change] : []))
  return { fleet, journal, histories, metrics, told, now: () => fleet.instances.get(spec.id) }
}

t.test('the past is journalled with its own times, and changes no belief', async (t) => {
  const { fleet, histories, told, now } = await taker()
  const before = now()
  const folded = { count: 3, sinceMs: 50_000 }
  t.ok(
    await histories.take(
      node,
      history({ edges: [edge(1), edge(2, { health: 'passing', folded }), edge(3, { lost: 2 })] }),
    ),
  )
  t.equal(now(), before)
  t.match(told(), [
    {
      node,
      log: 'log-1',
      edges: 3,
      lostChanges: 5,
      changes: [{ instance: spec.id, health: 'critical' }, { folded: { count: 3 } }, {}],
    },
  ])
  const times = told()[0]?.changes.map(({ at }) => at) ?? []
  t.strictSame(
    times,
    times.toSorted((a, b) => a - b),
  )
  t.ok(Math.abs(Date.now() - 60_000 - (times[0] ?? 0)) < 10_000)
  t.match(fleet.nodes.get(node)?.told, { edges: 3, changes: 3, lostChanges: 5, lostSamples: 0 })
})

t.test('what was told before is not told again, by whatever batches it comes', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ from: fc.integer({ min: 1, max: 12 }), count: fc.integer({ min: 1, max: 6 }) }), {
        maxLength: 8,
      }),
      async (draws) => {
        const { histories, told, metrics } = await taker()
        // An agent tells on from what was acknowledged, or again from before it.
        let next = 1
        for (const { from, count } of draws) {
          const first = Math.min(from, next)
          const numbers = Array.from({ length: count }, (_, at) => first + at)
          await histories.take(
            node,
            history({ edges: numbers.map((n) => edge(n)), samples: numbers.map((n) => sample(n)) }),
          )
          next = Math.max(next, first + count)
        }
        const all = Array.from({ length: next - 1 }, (_, at) => at + 1)
        return (
          told().flatMap(({ changes }) => changes).length === next - 1 &&
          metrics.map(({ value }) => value).join() === all.join()
        )
      },
    ),
    { numRuns: 50 },
  )
  t.pass()
})

t.test('measurements keep their time, and alone are not journalled unless some are missing', async (t) => {
  const { histories, metrics, told } = await taker()
  t.ok(await histories.take(node, history({ samples: [sample(1), sample(2)] })))
  t.equal(told().length, 0)
  t.ok(metrics.every(({ ageMs }) => ageMs > 80_000 && ageMs < 100_000))
  t.ok(await histories.take(node, history({ samples: [sample(3, { lost: 4 })] })))
  t.match(told(), [{ samples: 3, lostSamples: 4, changes: [] }])
})

t.test('what this version cannot read is counted, and keeps nothing else back', async (t) => {
  const { histories, told } = await taker()
  const later = { ...edge(4), reason: { code: 'of_the_future' } }
  const edges = [edge(1), { ...edge(2), health: 'of_the_future' }, 'nonsense', later]
  t.ok(await histories.take(node, history({ edges })))
  t.match(told(), [{ edges: 4, lostChanges: 2, changes: [{}, { reason: { code: 'of_the_future' } }] }])
})

t.test('nobody tells the past of an instance that another looks after', async (t) => {
  const { histories, told, journal } = await taker()
  const theirs = specOf({ id: 'theirs', port: 9 })
  const change: Change = { kind: 'registered', instance: theirs.id, spec: theirs, node: nodeId(2), origin: 'agent' }
  await journal.record(change, { by: `agent:${nodeId(2)}` })
  t.ok(await histories.take(node, history({ edges: [edge(1, { id: 'theirs' }), edge(2), edge(3, { id: 'gone' })] })))
  t.strictSame(
    told().flatMap(({ changes }) => changes.map(({ instance }) => instance)),
    ['crm-1', 'gone'],
  )
})

t.test('what cannot be written down is not acknowledged', async (t) => {
  const { histories, journal, metrics } = await taker()
  journal.writable = false
  t.notOk(await histories.take(node, history({ edges: [edge(1)], samples: [sample(1)] })))
  t.equal(metrics.length, 0)
  journal.writable = true
  t.ok(await histories.take(node, history({ edges: [edge(1)], samples: [sample(1)] })))
  t.equal(metrics.length, 1)
})

t.test('many agents that tell at once get their turns one after the other', async (t) => {
  const { histories } = await taker()
  const began = performance.now()
  await Promise.all(
    Array.from({ length: 60 }, (_, n) => histories.take(nodeId(n + 5), history({ samples: [sample(1)] }))),
  )
  t.ok(performance.now() - began >= 150, 'two hundred in a second')
})

t.test('over a session: the welcome offers it, each batch is answered, and old news never undo new ones', async (t) => {
  await using plane = await startAgentsPlane()
  await using client = await AgentClient.attached(plane.url, helloOf({ node }))
  t.match(client.received[0], { type: 'welcome', history: true })
  client.send({ type: 'report', sequence: 1, whole: true, instances: [refused(spec)] })
  client.send(history({ batch: 7, edges: [edge(1, { health: 'passing', reason: reason('ok') })] }))
  const answered = () => client.received.some((message) => message.type === 'history-taken' && message.batch === 7)
  await waitFor(answered, { what: 'the answer', withinMs: 10_000 })
  const health = () => plane.fleet.instances.get(spec.id)?.health
  await waitFor(health, { what: 'the verdict', withinMs: 10_000, until: (seen) => seen === 'critical' })
  t.equal(plane.fleet.nodes.get(node)?.told?.changes, 1)
  client.send({ type: 'report', sequence: 2, instances: [passing(spec)] })
  await waitFor(health, { what: 'the news', withinMs: 10_000, until: (seen) => seen === 'passing' })
  // Each one that comes before the last was taken is one too many.
  for (let n = 2; n <= 300; n += 1) client.send(history({ batch: n + 6, edges: [edge(n)] }))
  await waitFor(() => client.closed, { what: 'the end', withinMs: 10_000 })
  t.match(client.received.at(-1), { type: 'refused', code: 'too-much-history', retry: true })
  t.equal(health(), 'passing')
})

t.test('of what was measured in the past no more is taken than its certificate lets the node tell', async (t) => {
  const { histories, metrics } = await taker()
  const both = [
    { name: 'host_load', value: 1, unit: 'count' as const },
    { instance: 'others-1', name: 'latency', value: 2, unit: 'ms' as const },
  ]
  const own = (all: readonly { readonly instance?: string | undefined }[]) => all.filter(({ instance }) => !instance)
  await histories.take(node, history({ samples: [sample(1, { metrics: both })] }), own as never)
  t.match(metrics, [{ value: 1 }])
  t.equal(metrics.length, 1)
})
