import fc from 'fast-check'
import t from 'tap'
import { Board } from './board.ts'
import { FromTeller, mostMessageBytes, readMessage } from './messages.ts'
import { Untold } from './untold.ts'

/** The next message, as its reader has it. */
function next(untold: Untold) {
  const text = untold.take(1)
  const message = readMessage(FromTeller, text)
  if (message?.type !== 'told') throw new Error(`not readable: ${text}`)
  const { facts, events } = message
  return { facts, events, bytes: Buffer.byteLength(text) }
}

t.test('of a fact only the newest value is told, and once', async (t) => {
  const board = new Board()
  const untold = new Untold(board, 10)
  const unlisten = board.listen({ onFact: (s) => untold.fact(s), onEvent: (k, v) => untold.event(k, v) })
  board.set('beat', 'a', 1)
  board.set('beat', 'a', 2)
  board.set('beat', 'b', 1)
  board.delete('beat', 'b')
  board.delete('beat', 'c')
  board.say('sample', { value: 1 })
  t.match(next(untold), {
    facts: [
      ['beat', 'a', 2],
      ['beat', 'b', null],
    ],
    events: [['sample', { value: 1 }]],
  })
  t.ok(untold.empty)
  unlisten()
  board.set('beat', 'a', 3)
  t.ok(untold.empty)
  untold.everything()
  board.delete('beat', 'a')
  board.set('beat', 'b', 4)
  untold.fact({ kind: 'beat', key: 'a' })
  untold.everything()
  t.match(next(untold), { facts: [['beat', 'b', 4]], events: [] })
  t.ok(untold.empty)
})

t.test('however slow the peer is, what it was told is in the end what there is, and events are bounded', async (t) => {
  const step = fc.oneof(
    fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.nat(9)) }),
    fc.constant('take' as const),
    fc.constant('event' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const board = new Board()
      const untold = new Untold(board, 5)
      board.listen({ onFact: (s) => untold.fact(s), onEvent: (k, v) => untold.event(k, v) })
      const peer = new Map<string, unknown>()
      let events = 0
      let said = 0
      const take = () => {
        const told = next(untold)
        for (const [, key, value] of told.facts) value === null ? peer.delete(key) : peer.set(key, value)
        events += told.events.length
        return told.events.length < 10
      }
      for (const each of steps) {
        if (each === 'take') {
          if (!take()) return false
        } else if (each === 'event') {
          said += 1
          board.say('e', said)
        } else if (each.value === null) board.delete('f', each.key)
        else board.set('f', each.key, each.value)
      }
      while (!untold.empty) take()
      t.equal(events + untold.dropped, said)
      const all = new Map([...board.subjects()].map((subject) => [subject.key, board.get(subject)]))
      return JSON.stringify([...peer].sort()) === JSON.stringify([...all].sort())
    }),
  )
  t.pass('same')
})

t.test('a great many facts go in parts, and no event before all of them', async (t) => {
  const board = new Board()
  for (let n = 0; n < 2_500; n += 1) board.set('beat', `i-${n}`, n)
  const untold = new Untold(board, 10)
  untold.everything()
  untold.event('sample', 1)
  const parts = []
  while (!untold.empty) parts.push(next(untold))
  t.strictSame(
    parts.map(({ facts, events }) => [facts.length, events.length]),
    [
      [1_000, 0],
      [1_000, 0],
      [500, 1],
    ],
  )
})

t.test('however large what is told is, it comes whole and in order, in messages that the reader takes', async (t) => {
  const size = fc.oneof(fc.nat(2_000), fc.nat(300_000), fc.constant(1_500_000), fc.constant(mostMessageBytes - 2_000))
  const item = fc.record({ size, fill: fc.constantFrom('x', 'ä', '€', '"', '\u0001'), event: fc.boolean() })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), (items) => {
      const board = new Board()
      const untold = new Untold(board, 1_000)
      board.listen({ onFact: (s) => untold.fact(s), onEvent: (k, v) => untold.event(k, v) })
      const told: unknown[] = []
      // The fill may be of several bytes, or escaped.
      const values = items.map(({ size, fill, event }, n) => {
        const value = fill.repeat(Math.floor(size / Buffer.byteLength(JSON.stringify(fill).slice(1, -1))))
        if (event) board.say(`e-${n}`, value)
        else board.set('f', `f-${n}`, value)
        return [event, `${event ? 'e' : 'f'}-${n}`, value] as const
      })
      while (!untold.empty) {
        const { facts, events, bytes } = next(untold)
        if (bytes > mostMessageBytes) return false
        if (facts.length + events.length > 1 && bytes > mostMessageBytes / 2) return false
        told.push(...facts.map(([, key, value]) => [false, key, value]))
        told.push(...events.map(([kind, value]) => [true, kind, value]))
      }
      const expected = [...values.filter(([event]) => !event), ...values.filter(([event]) => event)]
      return untold.dropped === 0 && JSON.stringify(told) === JSON.stringify(expected)
    }),
    { numRuns: 20 },
  )
  t.pass('whole')
})

t.test('what no message can hold is passed over and counted, and what comes after it is told', async (t) => {
  const board = new Board()
  const untold = new Untold(board, 10)
  const tooLarge = 'x'.repeat(mostMessageBytes)
  board.set('f', 'large', tooLarge)
  board.set('f', 'small', 1)
  untold.everything()
  untold.event('large', tooLarge)
  untold.event('small', 1)
  const parts = []
  while (!untold.empty) parts.push(next(untold))
  t.strictSame(
    parts.flatMap(({ facts }) => facts),
    [
      ['f', 'large', null],
      ['f', 'small', 1],
    ],
  )
  t.strictSame(
    parts.flatMap(({ events }) => events),
    [['small', 1]],
  )
  t.equal(untold.dropped, 2)
})
