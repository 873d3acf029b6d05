import fc from 'fast-check'
import t from 'tap'
import { Board } from './board.ts'
import { Untold } from './untold.ts'

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
  t.strictSame(untold.take(), {
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
  t.strictSame(untold.take(), { facts: [['beat', 'a', 3]], events: [] })
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
        const told = untold.take()
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
  while (!untold.empty) parts.push(untold.take())
  t.strictSame(
    parts.map(({ facts, events }) => [facts.length, events.length]),
    [
      [1_000, 0],
      [1_000, 0],
      [500, 1],
    ],
  )
})
