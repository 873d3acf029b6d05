import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import type { Judgement } from './judge.ts'
import { Members } from './members.ts'

type About = {
  readonly address?: string
  readonly last?: boolean
  readonly weight?: number
  readonly site?: string
  readonly cluster?: string
}

function candidate(
  instance: string,
  port: number,
  { address = '10.0.0.1', last = false, weight = 100, site = 's', cluster = 'c' }: About = {},
): Judgement {
  return { kind: 'candidate', candidate: { instance, address, port, weight, site, cluster, last } }
}

const refused: Judgement = { kind: 'left-out', reason: reason('refused') }

function membersOf(...judgements: readonly (readonly [string, Judgement])[]): Members {
  const members = new Members()
  for (const [instance, judgement] of judgements) members.set(instance, judgement)
  return members
}

const shown = (members: Members) => members.endpoints.map(({ instance, priority }) => `${instance}:${priority}`)

await t.test('endpoints are in order of address, port and instance', async (t) => {
  const members = membersOf(
    ['c', candidate('c', 80, { address: '10.0.0.2' })],
    ['b', candidate('b', 81)],
    ['a', candidate('a', 80)],
  )
  t.strictSame(shown(members), ['a:0', 'b:0', 'c:0'])
})

await t.test('an instance of lowest priority comes after all others', async (t) => {
  t.strictSame(shown(membersOf(['a', candidate('a', 80, { last: true })], ['b', candidate('b', 81)])), ['a:1', 'b:0'])
})

await t.test('if those of lowest priority are all that there are, they stay as they are', async (t) => {
  const members = membersOf(['a', candidate('a', 80, { last: true })], ['b', candidate('b', 81)])
  members.set('b', refused)
  t.strictSame(shown(members), ['a:0'])
})

await t.test('of two at one address and port the better one stands for both, and the other says so', async (t) => {
  const members = membersOf(
    ['a', candidate('a', 80, { last: true })],
    ['b', candidate('b', 80)],
    ['c', candidate('c', 80)],
  )
  t.strictSame(shown(members), ['b:0'])
  t.strictSame(members.leftOut('c'), { instance: 'c', reason: reason('same_address', { instance: 'b' }) })
  members.set('b', undefined)
  t.strictSame(shown(members), ['c:0'])
  t.equal(members.leftOut('c'), undefined)
})

await t.test('what is left out says why, what is unknown says nothing', async (t) => {
  const members = membersOf(['a', refused])
  t.strictSame(members.leftOut('a'), { instance: 'a', reason: reason('refused') })
  t.equal(members.leftOut('b'), undefined)
})

await t.test('the same judgement changes nothing, not even the array', async (t) => {
  const members = membersOf(['a', candidate('a', 80)], ['b', refused])
  const { endpoints } = members
  members.set('a', candidate('a', 80))
  members.set('b', { kind: 'left-out', reason: reason('timeout') })
  members.set('c', undefined)
  t.equal(members.endpoints, endpoints)
  members.set('a', candidate('a', 80, { weight: 50 }))
  t.not(members.endpoints, endpoints)
})

const anyJudgement = fc.option(
  fc.oneof(
    fc.constant(refused),
    fc.record({ port: fc.integer({ min: 1, max: 4 }), last: fc.boolean(), weight: fc.constantFrom(50, 100) }).map(
      ({ port, last, weight }) =>
        (instance: string) =>
          candidate(instance, port, { last, weight }),
    ),
  ),
  { nil: undefined },
)

await t.test('whatever came before, the endpoints are those of the last judgements', async (t) => {
  const change = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), anyJudgement, fc.boolean())
  const property = fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
    const members = new Members()
    const last = new Map<string, Judgement | undefined>()
    for (const [instance, made, look] of changes) {
      const judgement = typeof made === 'function' ? made(instance) : made
      members.set(instance, judgement)
      last.set(instance, judgement)
      // So that changes are worked in one by one as well as many at once.
      if (look) members.endpoints.length
    }
    const anew = new Members()
    for (const [instance, judgement] of last) anew.set(instance, judgement)
    if (JSON.stringify(anew.endpoints) !== JSON.stringify(members.endpoints))
      throw new Error(JSON.stringify(members.endpoints))
    for (const instance of last.keys()) {
      if (JSON.stringify(anew.leftOut(instance)) !== JSON.stringify(members.leftOut(instance)))
        throw new Error(instance)
    }
  })
  t.doesNotThrow(() => fc.assert(property))
})
