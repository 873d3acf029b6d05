import t from 'tap'
import type { Decision, Discovered, Found } from '#shared/protocol/discovery.ts'
import { Discoveries } from './discovered.ts'

const found = (over: Partial<Found> = {}): Found => ({
  id: 'found-8095-00000000',
  port: 8095,
  address: '10.0.0.7',
  state: 'asking',
  by: 'policy',
  confidence: 'unknown',
  evidence: [],
  health: 'passing',
  reason: { code: 'ok' },
  check: 'http /health',
  remarks: [],
  ...over,
})
const told = (...all: readonly Found[]): Discovered => ({ type: 'discovered', found: [...all], left: 0, conflicts: [] })
const node = 'n-aaaaaaaaaaaa'
const decision: Decision = { do: 'adopt', service: 'crm', by: 'operator:anna' }
const adopted = found({ state: 'adopted', by: 'operator:anna', service: 'crm' })

t.test('a decision is answered when the agent says that it has it', async (t) => {
  const wanted: object[] = []
  const discoveries = new Discoveries((of) => {
    wanted.push(discoveries.wanted(of))
    return true
  })
  discoveries.heard(node, told(found()))
  const answer = discoveries.decide('found-8095-00000000', decision, 10_000)
  t.strictSame(wanted, [{ 'found-8095-00000000': decision }])
  discoveries.heard(node, told(found({ state: 'adopted', by: 'policy', service: 'billing' })))
  discoveries.heard(node, told(adopted))
  t.strictSame(await answer, { kind: 'done', node, found: adopted })
  t.strictSame(discoveries.wanted(node), {})
  t.strictSame(wanted.at(-1), {}, 'the agent is told that it is over')
  t.match(await discoveries.decide('found-8095-00000000', decision, 10_000), { kind: 'done' }, 'and again at once')
})

t.test('what nobody found cannot be decided', async (t) => {
  const discoveries = new Discoveries(() => true)
  t.strictSame(await discoveries.decide('found-1-00000000', decision, 10_000), { kind: 'unknown' })
  discoveries.heard(node, told(found()))
  discoveries.forget(node)
  t.strictSame(await discoveries.decide('found-8095-00000000', decision, 10_000), { kind: 'unknown' })
})

t.test('an agent that is away, or says nothing, leaves nothing behind', async (t) => {
  const away = new Discoveries(() => false)
  away.heard(node, told(found()))
  t.strictSame(await away.decide('found-8095-00000000', decision, 10_000), { kind: 'away', node })
  t.strictSame(away.wanted(node), {})
  const silent = new Discoveries(() => true)
  silent.heard(node, told(found()))
  t.strictSame(await silent.decide('found-8095-00000000', decision, 5), { kind: 'unanswered', node })
  t.strictSame(silent.wanted(node), {})
})

t.test('of two decisions the later one counts, and a plane that stops keeps nobody waiting', async (t) => {
  const discoveries = new Discoveries(() => true)
  discoveries.heard(node, told(found()))
  const first = discoveries.decide('found-8095-00000000', decision, 10_000)
  const second = discoveries.decide('found-8095-00000000', { do: 'ignore', by: 'operator:bob' }, 10_000)
  t.match(await first, { kind: 'unanswered' })
  t.match(discoveries.wanted(node), { 'found-8095-00000000': { do: 'ignore' } })
  discoveries.end()
  t.match(await second, { kind: 'unanswered' })
})
