import t from 'tap'
import { Presence } from './presence.ts'

t.test('a node is unknown, then live, then gone, and live again', async (t) => {
  const presence = new Presence()
  t.equal(presence.sign('n'), undefined)
  presence.arrived('n', 's1', 1, 100)
  presence.heard('n', 200)
  t.strictSame(presence.sign('n'), { kind: 'live', session: 's1', heardAt: 200 })
  presence.gone('n', true, 300)
  presence.heard('n', 400)
  t.strictSame(presence.sign('n'), { kind: 'gone', since: 300, goodbye: true })
  presence.arrived('n', 's2', 1, 500)
  t.match(presence.sign('n'), { kind: 'live', session: 's2' })
  presence.forget('n')
  t.equal(presence.sign('n'), undefined)
})

t.test('a report is news once in each start of an agent, over all its sessions', async (t) => {
  const presence = new Presence()
  t.equal(presence.isNews('n', 1), false)
  presence.arrived('n', 's1', 1, 0)
  t.strictSame(
    [1, 2, 2, 1].map((sequence) => presence.isNews('n', sequence)),
    [true, true, false, false],
  )
  presence.arrived('n', 's2', 1, 0)
  t.equal(presence.isNews('n', 2), false)
  presence.arrived('n', 's3', 2, 0)
  t.equal(presence.isNews('n', 1), true)
})

t.test('while the plane stood still nobody was silent', async (t) => {
  const presence = new Presence()
  presence.arrived('n', 's', 1, 0)
  presence.forgive(5_000, 6_000)
  t.match(presence.sign('n'), { heardAt: 5_000 })
})

t.test('it is known when anybody else was heard', async (t) => {
  const presence = new Presence()
  const others = () => ['a', 'b', 'c'].map((node) => presence.heardBesides(node))
  const never = Number.NEGATIVE_INFINITY
  t.strictSame(others(), [never, never, never])
  presence.arrived('a', 's', 1, 1)
  t.strictSame(others(), [never, 1, 1])
  presence.heard('a', 2)
  presence.arrived('b', 's', 1, 3)
  t.strictSame(others(), [3, 2, 3])
  presence.heard('b', 4)
  presence.heard('c', 5)
  t.strictSame(others(), [4, 2, 4], 'who was never here has said nothing')
  presence.heard('a', 6)
  t.strictSame(others(), [4, 6, 6])
  presence.gone('a', false, 7)
  presence.heard('a', 8)
  t.strictSame(others(), [4, 6, 6])
  presence.forgive(10, 9)
  t.strictSame(others(), [9, 9, 9])
})
