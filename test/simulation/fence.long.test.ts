import t from 'tap'
import { tell } from './explore.ts'
import { exploreFence, mirror } from './fence-world.ts'

for (const { title, actors, faults } of [
  {
    title: 'three leaders one after the other, the first ones still awake',
    actors: [4, 5, 6].map((epoch) => mirror(`leader ${epoch}`, { epoch, takeover: true, beats: 1 })),
    faults: 0,
  },
  {
    title: 'two processes, two faults',
    actors: [mirror('a'), mirror('b')],
    faults: 2,
  },
]) {
  await t.test(`only who holds the fence writes: ${title}`, { timeout: 600_000 }, async (t) => {
    const found = await exploreFence(actors, { faults })
    t.equal(found.broken, undefined, tell(found))
    t.comment(`${found.states} states, ${found.ends} ends`)
  })
}
