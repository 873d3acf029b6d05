import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { projectFolder } from '#test/support/parts.ts'
import { plants } from './plants.ts'
import { describeFuzzed } from './play/describe.ts'
import { fuzzInThread } from './play/fuzz-in-thread.ts'
import { inProcess, targets } from './targets.ts'

t.setTimeout(120_000)

await t.test('no input that is thrown at what reads it breaks a promise', async (t) => {
  const names = Object.keys(inProcess)
  const inputs = Object.values(inProcess).map(({ short }) => short)
  const seen: string[] = []
  for await (const fuzzed of fuzzInThread({ targets: names, inputs, seed: 1 })) {
    seen.push(fuzzed.target)
    t.equal(fuzzed.found, undefined, describeFuzzed(fuzzed))
    const { taken, refused } = fuzzed.counts
    t.ok(taken > 0 && refused > 0, `of the inputs of ${fuzzed.target} some are taken and some refused`)
  }
  t.strictSame(seen, names, 'each target was run')
})

await t.test('each target has something planted, and its code is there', async (t) => {
  t.strictSame(
    Object.values(plants)
      .map(({ target }) => target)
      .toSorted(),
    Object.keys(targets).toSorted(),
  )
  for (const [name, { file, from }] of Object.entries(plants)) {
    t.match(await readFile(join(projectFolder, file), 'utf8'), from, name)
  }
})

await t.test('a planted bug is found, with what replays it', async (t) => {
  const broken = plants['a damaged frame is not read']
  if (!broken) throw new Error('it is not planted')
  const [first] = await Array.fromAsync(fuzzInThread({ targets: ['buffer-segment'], inputs: [2_000], seed: 1, broken }))
  const found = first?.found
  if (!found) throw new Error('it is not found')
  const again = { targets: ['buffer-segment'], inputs: [1], seed: found.seed, path: found.path, broken }
  const [second] = await Array.fromAsync(fuzzInThread(again))
  t.equal(second?.found?.input, found.input)
})
