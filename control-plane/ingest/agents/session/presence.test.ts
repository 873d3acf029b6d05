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
