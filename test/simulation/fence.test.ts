import t from 'tap'
import type { Operation } from '#control-plane/consul/operation.ts'
import { tell } from './explore.ts'
import { exploreFence, mirror } from './fence-world.ts'
import { Keys } from './keys.ts'

for (const { title, actors, faults } of [
  {
    title: 'two processes of one installation, started by mistake',
    actors: [mirror('a'), mirror('b', { beats: 1 })],
    faults: 1,
  },
  {
    title: 'a leader and the one that takes over from it',
    actors: [mirror('old', { epoch: 4, takeover: true }), mirror('new', { epoch: 5, takeover: true, beats: 1 })],
    faults: 1,
  },
  {
    title: 'a database brought back from a backup beside a process that goes on',
    actors: [mirror('goes on', { epoch: 7 }), mirror('brought back', { epoch: 3 })],
    faults: 0,
  },
  {
    title: 'two installations under one owner',
    actors: [mirror('a'), mirror('b', { installation: 'two', beats: 1 })],
    faults: 1,
  },
  {
    title: 'somebody who removes the fence by hand',
    actors: [mirror('a'), mirror('b', { beats: 1 }), { kind: 'remover' as const }],
    faults: 0,
  },
]) {
  await t.test(`only who holds the fence writes: ${title}`, async (t) => {
    const found = await exploreFence(actors, { faults })
    t.equal(found.broken, undefined, tell(found))
    t.ok(found.ends > 1, 'several ways lead to an end')
  })
}

await t.test('a Consul that forgets to check the index is found out', async (t) => {
  class Forgetful extends Keys {
    override transact(operations: readonly Operation[]) {
      return super.transact(operations.filter((each) => !('KV' in each) || each.KV.Verb !== 'check-index'))
    }
  }
  const found = await exploreFence([mirror('a'), mirror('b')], { faults: 0, keys: () => new Forgetful() })
  t.match(String(found.broken?.error), /has written while/)
})
