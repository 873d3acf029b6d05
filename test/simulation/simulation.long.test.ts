import { availableParallelism } from 'node:os'
import t from 'tap'
import { plants } from './play/planted.ts'
import { describePlayed, playSeeds } from './play/play-seeds.ts'

t.setTimeout(3_600_000)

const threads = Math.min(4, availableParallelism())

await t.test('nothing happens that must never happen in some thousand histories', { timeout: 1_800_000 }, async (t) => {
  const broken: string[] = []
  for await (const told of playSeeds({ first: 1, last: 3_000 }, threads)) {
    if (told.kind === 'played' && told.played.broken !== undefined) broken.push(describePlayed(told.played))
  }
  t.strictSame(broken, [])
})

for (const plant of Object.keys(plants)) {
  await t.test(`the histories find it missing that ${plant}`, { timeout: 600_000 }, async (t) => {
    for await (const told of playSeeds({ first: 1, last: 600, plant }, threads)) {
      if (told.kind !== 'played' || told.played.broken === undefined) continue
      t.pass(describePlayed(told.played))
      return
    }
    t.fail('no history found it')
  })
}
