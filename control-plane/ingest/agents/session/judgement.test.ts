import fc from 'fast-check'
import t from 'tap'
import { type Health, healths, type InstanceSpec, type Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import { specOf } from '#test/support/agents/agent-client.ts'
import type { InstanceBelief } from '../../../fleet/belief.ts'
import { nextInstance } from '../../../fleet/reduce.ts'
import { nextStep, type Word } from './judgement.ts'

const node = 'n-aaaaaaaaaaaa'
const spec = specOf({ id: 'crm-1' })
const ok: Verdict = { health: 'passing', reason: reason('ok') }
const gone: Verdict = { health: 'critical', reason: reason('refused') }
const unknown: Verdict = { health: 'unknown', reason: reason('no_verdict') }

function known(over: Partial<InstanceBelief> = {}): InstanceBelief {
  return {
    spec,
    node,
    origin: 'agent',
    registeredBy: `agent:${node}`,
    registeredAt: 0,
    ...ok,
    healthSince: 0,
    silent: false,
    death: undefined,
    admission: { state: 'active', reason: '', by: '', since: 0, expiresAt: undefined },
    revision: 7,
    ...over,
  }
}

const present = (verdict: Verdict, over: Partial<InstanceSpec> = {}): Word => ({
  kind: 'present',
  spec: { ...spec, ...over },
  verdict,
})
const withdrawn: Word = { kind: 'withdrawn' }
const dead = { how: 'timeout', vantages: ['plane'], at: 1 } as const

for (const { name, word, before, kind } of [
  { name: 'a new instance is registered', word: present(ok), before: undefined, kind: 'registered' },
  { name: 'what is believed already changes nothing', word: present(ok), before: known(), kind: 'settled' },
  {
    name: 'a verdict is judged before anything else is',
    word: present(gone, { weight: 3 }),
    before: known(),
    kind: 'judged',
  },
  {
    name: 'a new port is registered before it is judged',
    word: present(gone, { port: 9 }),
    before: known(),
    kind: 'registered',
  },
  {
    name: 'new metadata are registered',
    word: present(ok, { metadata: { a: 'b' } }),
    before: known(),
    kind: 'registered',
  },
  { name: '"not known yet" takes no verdict back', word: present(unknown), before: known(), kind: 'settled' },
  {
    name: '"not known yet" does not undo a death',
    word: present(unknown),
    before: known({ death: dead }),
    kind: 'settled',
  },
  { name: 'a verdict undoes a death', word: present(ok), before: known({ death: dead }), kind: 'judged' },
  {
    name: 'an instance of another node is foreign',
    word: present(ok),
    before: known({ node: 'n-bbbbbbbbbbbb' }),
    kind: 'foreign',
  },
  {
    name: 'an instance of a client is foreign',
    word: present(ok),
    before: known({ origin: 'client' }),
    kind: 'foreign',
  },
  { name: 'a withdrawn instance is deregistered', word: withdrawn, before: known(), kind: 'deregistered' },
  {
    name: 'an instance of a client cannot be withdrawn',
    word: withdrawn,
    before: known({ origin: 'client' }),
    kind: 'settled',
  },
  { name: 'what is not there need not be withdrawn', word: withdrawn, before: undefined, kind: 'settled' },
]) {
  t.test(name, async (t) => {
    const step = nextStep(node, spec.id, word, before)
    t.equal(step.kind === 'record' ? step.change.kind : step.kind, kind)
    if (step.kind === 'record') t.equal(step.seen, before?.revision ?? 0)
  })
}

t.test('whatever is believed, what the agent says settles within three steps', async (t) => {
  const verdict = fc
    .constantFrom<Health>(...healths)
    .map((health) => ({ health, reason: reason(health === 'passing' ? 'ok' : 'no_verdict') }))
  const word = fc.oneof(
    fc.constant(withdrawn),
    fc.record({
      kind: fc.constant('present' as const),
      spec: fc.integer({ min: 1, max: 3 }).map((port) => ({ ...spec, port })),
      verdict,
    }),
  )
  const belief = fc.option(fc.record({ verdict, dead: fc.boolean(), port: fc.integer({ min: 1, max: 3 }) }), {
    nil: undefined,
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(word, belief, (word, belief) => {
        let before =
          belief &&
          known({ ...belief.verdict, spec: { ...spec, port: belief.port }, death: belief.dead ? dead : undefined })
        for (let steps = 0; steps <= 3; steps += 1) {
          const step = nextStep(node, spec.id, word, before)
          if (step.kind !== 'record') return step.kind === 'settled'
          const after = nextInstance(before, step.change, { at: 2, by: `agent:${node}`, revision: 8 + steps })
          if (after === before) return false
          before = after
        }
        return false
      }),
    ),
  )
})
