import { availableParallelism } from 'node:os'
import t from 'tap'
import { describePlayed, playSeeds } from './play/play-seeds.ts'

t.setTimeout(600_000)

/** Each takes some hundred milliseconds. */
const seeds = 60

await t.test(
  'whatever goes wrong in the histories of these seeds, nothing happens that must never happen',
  {
    timeout: 240_000,
  },
  async (t) => {
    const broken: string[] = []
    let played = 0
    for await (const told of playSeeds({ first: 1, last: seeds }, Math.min(2, availableParallelism()))) {
      if (told.kind !== 'played') continue
      played += 1
      if (told.played.broken !== undefined) broken.push(describePlayed(told.played))
    }
    t.strictSame(broken, [])
    t.equal(played, seeds)
  },
)

await t.test('the same seed brings the same history', { timeout: 240_000 }, async (t) => {
  const steps = async () => {
    for await (const told of playSeeds({ first: 7, last: 7 }, 1)) {
      if (told.kind === 'played') return [told.played.steps, told.played.revision, told.played.at]
    }
    return []
  }
  t.strictSame(await steps(), await steps())
})

await t.test('a rule that is broken on purpose is found missing', { timeout: 240_000 }, async (t) => {
  const plant = 'a report is acknowledged when it is on disk'
  for await (const told of playSeeds({ first: 1, last: 200, plant }, Math.min(2, availableParallelism()))) {
    if (told.kind !== 'played' || told.played.broken === undefined) continue
    t.match(told.played.broken, /acknowledged/)
    return
  }
  t.fail('no history found it')
})
