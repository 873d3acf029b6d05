import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { reason } from '#shared/protocol/reason.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Change, JournalEntry } from '../../../fleet/event.ts'
import { Fleet } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import { Reconciler } from './reconcile.ts'

const node = 'n-aaaaaaaaaaaa'
const spec = { id: 'crm-1', service: 'crm', address: '10.0.0.1', port: 1, tags: [], metadata: {}, checks: [] }
const judged = (health: 'passing' | 'critical') =>
  ({ kind: 'judged', instance: spec.id, health, reason: reason('ok') }) as const

/** A reconciler over a fleet in which the instance is passing; `record` commits a turn later, as a disk does. */
async function reconciler() {
  const fleet = new Fleet()
  const entries: JournalEntry[] = []
  const store = { full: false, refused: 0 }
  const record: RecordChange = async (change, options) => {
    await new Promise((resolve) => setImmediate(resolve))
    if (store.full) {
      store.refused += 1
      throw new Failure('STORE_UNAVAILABLE', 'no room', { retryable: true })
    }
    const entry = { revision: entries.length + 1, event: { version: 1 as const, at: 0, ...options, change } }
    entries.push(entry)
    return fleet.apply([entry])[0] ?? 'unchanged'
  }
  const registered: Change = { kind: 'registered', instance: spec.id, spec, node, origin: 'agent' }
  for (const change of [registered, judged('passing')]) await record(change, { by: `agent:${node}` })
  const log = createLogger({ name: 'test', level: 'silent' })
  return { fleet, entries, store, reconciler: new Reconciler(fleet, record, log, new AbortController().signal) }
}

const word = (health: 'passing' | 'critical') =>
  ({ kind: 'present', spec, verdict: { health, reason: reason('ok') } }) as const

t.test('a death is written down while it leaves, and leaves whether or not it can be written down', async (t) => {
  const { fleet, entries, store, reconciler: agent } = await reconciler()
  const recorded = entries.length
  store.full = true
  const critical = agent.hear(node, spec.id, word('critical'))
  await waitFor(() => fleet.standing(spec.id)?.routable === 'no', { what: 'the removal', withinMs: 20_000 })
  t.equal(entries.length, recorded)
  store.full = false
  await critical
  t.match(entries.at(-1)?.event.change, { kind: 'judged', health: 'critical' })
  t.equal(fleet.standing(spec.id)?.routable, 'no')
})

t.test('a word that comes in the same tick as one that changed nothing is recorded', async (t) => {
  const { fleet, entries, reconciler: agent } = await reconciler()
  const nothingNew = agent.hear(node, spec.id, word('passing'))
  const critical = agent.hear(node, spec.id, word('critical'))
  await Promise.all([nothingNew, critical])
  t.match(entries.at(-1)?.event.change, { kind: 'judged', health: 'critical' })
  await agent.hear(node, spec.id, word('passing'))
  t.equal(fleet.standing(spec.id)?.routable, 'yes')
})

/** What was recorded as history, oldest first. */
const pastOf = (entries: readonly JournalEntry[]) =>
  entries.flatMap(({ event: { change } }) =>
    change.kind === 'history-told' ? change.changes.map(({ health }) => health) : [],
  )

t.test('of words that come while one is recorded only the last one counts, and the others are history', async (t) => {
  const { fleet, entries, reconciler: agent } = await reconciler()
  await Promise.all(
    (['critical', 'passing', 'critical', 'passing'] as const).map((each) => agent.hear(node, spec.id, word(each))),
  )
  t.equal(fleet.standing(spec.id)?.routable, 'yes')
  t.ok(entries.length <= 5)
  t.strictSame(pastOf(entries), ['passing', 'critical'])
  t.strictSame([...agent.pending(node).keys()], [])
})

t.test('what an agent said while the store took nothing is recorded when it does, as history', async (t) => {
  const { fleet, entries, reconciler: agent, store } = await reconciler()
  store.full = true
  const said = agent.hear(node, spec.id, word('critical'))
  await waitFor(() => store.refused, { what: 'the refusal', withinMs: 10_000 })
  for (const each of ['passing', 'critical', 'passing', 'critical'] as const) void agent.hear(node, spec.id, word(each))
  t.equal(entries.length, 2)
  store.full = false
  await said
  t.equal(fleet.instances.get(spec.id)?.health, 'critical')
  t.strictSame(pastOf(entries), ['critical', 'passing', 'critical', 'passing'])
})

t.test('the same said again and again is no history', async (t) => {
  const { entries, reconciler: agent } = await reconciler()
  await Promise.all(
    ['passing', 'passing', 'critical', 'critical'].map((each) => agent.hear(node, spec.id, word(each as 'passing'))),
  )
  t.strictSame(pastOf(entries), [])
})

t.test(
  'a whole fleet that comes at once leaves room in the journal for others, and all of it is recorded',
  async (t) => {
    const fleet = new Fleet()
    let revision = 0
    let [waiting, most] = [0, 0]
    let away = true
    const record: RecordChange = async (change, options) => {
      waiting += 1
      most = Math.max(most, waiting)
      await new Promise((resolve) => setImmediate(resolve))
      waiting -= 1
      if (away) throw new Failure('STORE_UNAVAILABLE', 'it is away for a moment', { retryable: true })
      revision += 1
      return fleet.apply([{ revision, event: { version: 1 as const, at: 0, ...options, change } }])[0] ?? 'unchanged'
    }
    const lines: string[] = []
    const log = createLogger({ name: 'test', level: 'warn' }, { write: (line) => void lines.push(line) })
    const agents = new Reconciler(fleet, record, log, new AbortController().signal)
    const count = 6_000
    const all = Array.from({ length: count }, (_, index) => {
      const own = { ...spec, id: `crm-${index}`, port: index + 1 }
      return agents.hear(`n-${index % 600}`, own.id, { ...word('passing'), spec: own })
    })
    await new Promise((resolve) => setImmediate(resolve))
    away = false
    await Promise.all(all)
    t.equal([...fleet.instances.values()].filter(({ health }) => health === 'passing').length, count)
    t.ok(most <= 2_048, `${most} at once`)
    t.ok(lines.length < 10, `${lines.length} lines for one trouble`)
  },
)
