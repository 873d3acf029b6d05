import { availableParallelism } from 'node:os'
import t from 'tap'
import { plants } from './plants.ts'
import { describeFuzzed } from './play/describe.ts'
import { fuzzInThread, type Told } from './play/fuzz-in-thread.ts'
import { targets } from './targets.ts'

t.setTimeout(1_200_000)

/** A planted bug is to be found within so many. */
const mostForPlants = 2_000
const together = Math.min(2, availableParallelism())

const names = Object.keys(targets)

await t.test('a million inputs break no promise', async (t) => {
  const results = await each(names, (name) => {
    return Array.fromAsync(fuzzInThread({ targets: [name], inputs: [targets[name]?.long ?? 1], seed: 1_000 }))
  })
  for (const told of results.flat()) {
    t.equal(told.found, undefined, describeFuzzed(told))
    t.comment(describeFuzzed(told))
  }
  const inputs = results.flat().reduce((sum, { counts }) => sum + counts.taken + counts.refused, 0)
  t.ok(inputs >= 1_000_000, `${inputs} inputs`)
})

await t.test('each planted bug is found by its target', async (t) => {
  const found = await each(
    Object.entries(plants),
    async ([name, broken]): Promise<readonly [string, Told | undefined]> => {
      const asked = { targets: [broken.target], inputs: [mostForPlants], seed: 1, broken }
      const [told] = await Array.fromAsync(fuzzInThread(asked))
      return [name, told]
    },
  )
  for (const [name, told] of found) {
    t.ok(told?.found, `it is missed that ${name}`)
    // Whoever cannot even be loaded has found nothing.
    t.not(told?.found?.input, 'none', name)
  }
})

/** Does this for all, two at a time. */
async function each<A, B>(all: readonly A[], run: (one: A) => Promise<B>): Promise<readonly B[]> {
  const left = [...all.entries()]
  const results: B[] = []
  const one = async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await run(next[1])
  }
  await Promise.all(Array.from({ length: together }, one))
  return results
}
