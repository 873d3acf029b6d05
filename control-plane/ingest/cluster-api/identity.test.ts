import fc from 'fast-check'
import t from 'tap'
import { clientIdPattern } from '#shared/protocol/identity.ts'
import { specOf } from '#test/support/agents/agent-client.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import { type Claim, meant, recognise } from './identity.ts'

const claim: Claim = { id: 'crm', node: 'n1', address: '10.0.0.1', port: 80 }

function held(
  id: string,
  over: {
    readonly address?: string
    readonly port?: number
    readonly silent?: boolean
    readonly origin?: 'agent' | 'client'
    readonly node?: string
  } = {},
): InstanceBelief {
  const { address = claim.address, port = claim.port, silent = false, origin = 'client', node = 'n1' } = over
  return {
    spec: specOf({ id, address, port }),
    node,
    origin,
    registeredBy: `client:${id}`,
    registeredAt: 0,
    health: 'passing',
    reason: { code: 'heartbeat' },
    healthSince: 0,
    silent,
    death: undefined,
    admission: { state: 'active', reason: '', by: '', since: 0, expiresAt: undefined },
    revision: 1,
  }
}

const elsewhere = { address: '10.0.0.9' }

for (const { name, known, expected } of [
  { name: 'a free id is taken', known: [], expected: { kind: 'taken', id: 'crm' } },
  {
    name: 'the same place is the same instance',
    known: [held('crm', { node: 'other' })],
    expected: { kind: 'same', id: 'crm' },
  },
  {
    name: 'the same place is the same instance after a silence',
    known: [held('crm', { silent: true })],
    expected: { kind: 'same', id: 'crm' },
  },
  {
    name: 'elsewhere while the first is alive is another',
    known: [held('crm', elsewhere)],
    expected: { kind: 'taken', id: 'crm@n1' },
  },
  { name: 'another port is elsewhere', known: [held('crm', { port: 81 })], expected: { kind: 'taken', id: 'crm@n1' } },
  {
    name: 'elsewhere after the first fell silent takes its id',
    known: [held('crm', { ...elsewhere, silent: true })],
    expected: { kind: 'taken', id: 'crm', before: { silent: true } },
  },
  {
    name: 'the second is known again',
    known: [held('crm', elsewhere), held('crm@n1')],
    expected: { kind: 'same', id: 'crm@n1' },
  },
  {
    name: 'the second is known again after the first left',
    known: [held('crm@n1')],
    expected: { kind: 'same', id: 'crm@n1' },
  },
  {
    name: 'a third on the node of the second is a conflict that names both',
    known: [held('crm', elsewhere), held('crm@n1', { port: 82 })],
    expected: { kind: 'conflict', holders: [{ spec: { id: 'crm' } }, { spec: { id: 'crm@n1' } }] },
  },
  {
    name: 'an agent’s id is left alone',
    known: [held('crm', { origin: 'agent' })],
    expected: { kind: 'agents', holder: { spec: { id: 'crm' } } },
  },
] as const) {
  t.test(name, async (t) => {
    const find = (id: string) => known.find(({ spec }) => spec.id === id)
    t.match(
      recognise(claim, find, ({ silent }) => !silent),
      expected,
    )
  })
}

t.test('an id that would grow too long is a conflict', async (t) => {
  const long = { ...claim, id: 'x'.repeat(99) }
  t.match(
    recognise(
      long,
      () => held(long.id, elsewhere),
      () => true,
    ),
    { kind: 'conflict' },
  )
})

t.test('whoever registers gets an id that is valid and not that of a live instance elsewhere', async (t) => {
  const place = fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    port: fc.constantFrom(80, 81),
    silent: fc.boolean(),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.option(place), fc.option(place), (first, second) => {
        const known = [first && held('crm', first), second && held('crm@n1', second)].filter((each) => each !== null)
        const recognised = recognise(
          claim,
          (id) => known.find(({ spec }) => spec.id === id),
          ({ silent }) => !silent,
        )
        if (recognised.kind === 'conflict') return known.length === 2
        if (recognised.kind === 'agents') return false
        const holder = known.find(({ spec }) => spec.id === recognised.id)
        const isHere = holder?.spec.address === claim.address && holder.spec.port === claim.port
        return clientIdPattern.test(recognised.id) && (holder === undefined || holder.silent || isHere)
      }),
    ),
  )
})

t.test('who is meant follows from what is said besides the id', async (t) => {
  const first = held('crm', elsewhere)
  const second = held('crm@n2', { node: 'n2' })
  t.strictSame(meant([first], { node: 'another' }), [first])
  t.strictSame(meant([first, second], {}), [first, second])
  t.strictSame(meant([first, second], { node: 'n2' }), [second])
  t.strictSame(meant([first, second], { address: '10.0.0.9', port: 80 }), [first])
  t.strictSame(meant([first, second], { node: 'n3' }), [])
})
