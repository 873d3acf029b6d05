import t from 'tap'
import { specOf } from '#test/support/agents/agent-client.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { Heartbeats, silentInstances } from './heartbeats.ts'

const lifetimeMs = 300_000

function fleetOf(origin: 'agent' | 'client'): Fleet {
  const fleet = new Fleet()
  const change = { kind: 'registered', instance: 'a', spec: specOf({ id: 'a' }), node: 'n', origin } as const
  fleet.apply([{ revision: 1, event: { version: 1, at: 0, by: 'client:a', change } }])
  return fleet
}

t.test('a client is silent when its lifetime is over, and only once', async (t) => {
  const fleet = fleetOf('client')
  const beats = new Heartbeats(0)
  beats.beat('a', 1_000)
  t.strictSame(silentInstances(fleet, beats, 300_999, lifetimeMs), [])
  const [proposal] = silentInstances(fleet, beats, 301_000, lifetimeMs)
  t.strictSame(proposal, { change: { kind: 'fell-silent', instance: 'a' }, seen: 1 })
  if (proposal) fleet.apply([{ revision: 2, event: { version: 1, at: 0, by: 'plane:1', ...proposal } }])
  t.strictSame(silentInstances(fleet, beats, 999_000, lifetimeMs), [])
})

t.test('after a restart everybody has a whole lifetime', async (t) => {
  const beats = new Heartbeats(1_000_000)
  beats.restore([['a', 5]])
  t.equal(beats.lastOf('a'), 5)
  t.strictSame(silentInstances(fleetOf('client'), beats, 1_299_999, lifetimeMs), [])
  t.equal(silentInstances(fleetOf('client'), beats, 1_300_000, lifetimeMs).length, 1)
})

t.test('what was saved before does not undo what was heard since', async (t) => {
  const beats = new Heartbeats(0)
  beats.beat('a', 10)
  beats.restore([['a', 5]])
  t.equal(beats.lastOf('a'), 10)
  beats.forget('a')
  t.equal(beats.lastOf('a'), undefined)
})

t.test('an agent’s instance is not judged by heartbeats', async (t) => {
  t.strictSame(silentInstances(fleetOf('agent'), new Heartbeats(0), 1e12, lifetimeMs), [])
})
