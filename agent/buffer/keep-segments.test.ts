import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { Segments } from './keep-segments.ts'
import { SegmentFiles } from './segment-files.ts'
import { Unacknowledged } from './unacknowledged.ts'

type Numbered = { readonly n: number; readonly text?: string }

function segmentsIn(folder: string, most = 1024 * 1024) {
  const unacknowledged = new Unacknowledged()
  const segments = new Segments<Numbered>({
    files: new SegmentFiles(folder, 'edges'),
    log: 'log-1',
    most,
    unacknowledged,
    fewer: (records) => {
      const after = records.slice(-1)
      unacknowledged.giveUp(records, after)
      return after
    },
  })
  return {
    segments,
    async append(...numbers: readonly number[]) {
      for (const n of numbers) unacknowledged.add(n)
      await segments.append(
        numbers.map((n) => ({ n, text: 'x'.repeat(100) })),
        [],
      )
    },
    acknowledge(n: number) {
      unacknowledged.acknowledge(n)
      segments.acknowledge(n)
    },
    numbers: async () => (await Array.fromAsync(segments.read())).flat().map(({ n }) => n),
  }
}

t.test('what was written is read, and recovered with its log', async (t) => {
  await using folder = await temporaryFolder('segments')
  const before = segmentsIn(folder.path)
  t.ok(before.segments.isEmpty)
  await before.append(1, 2, 3)
  before.acknowledge(2)
  await before.segments.append([], [2])
  t.strictSame(await before.numbers(), [1, 3])
  const after = segmentsIn(folder.path)
  await after.segments.recover()
  t.strictSame(await after.numbers(), [1, 3])
  t.match(after.segments, { log: 'log-1', next: 4, damagedBytes: 0, bytes: before.segments.bytes })
})

t.test('a segment is left when it is full, or when it is not trusted', async (t) => {
  await using folder = await temporaryFolder('segments')
  const { segments, append } = segmentsIn(folder.path, 8 * 250)
  await append(1)
  await append(2)
  t.equal((await readdir(folder.path)).length, 1)
  await append(3)
  t.equal((await readdir(folder.path)).length, 2)
  segments.leaveLast()
  await append(4)
  t.equal((await readdir(folder.path)).length, 3)
})

t.test('segments go from the front, once all of them is acknowledged', async (t) => {
  await using folder = await temporaryFolder('segments')
  const { segments, append, acknowledge, numbers } = segmentsIn(folder.path, 8)
  for (const n of [1, 2, 3]) await append(n)
  acknowledge(2)
  await segments.removeTold()
  t.equal((await readdir(folder.path)).length, 3, 'the first says something still')
  acknowledge(1)
  await segments.removeTold()
  t.equal((await readdir(folder.path)).length, 1)
  t.strictSame(await numbers(), [3])
  await segments.removeAll()
  t.strictSame(await readdir(folder.path), [])
})

t.test('where there is no room neighbours are joined, fewer than before, and the last two stay', async (t) => {
  await using folder = await temporaryFolder('segments')
  const { segments, append, numbers } = segmentsIn(folder.path, 8)
  for (const n of [1, 2, 3, 4]) await append(n)
  await segments.makeRoom()
  t.strictSame(await numbers(), [3, 4])
  const again = segmentsIn(folder.path, 8)
  await again.segments.recover()
  t.strictSame(await again.numbers(), [3, 4])
})

t.test('what an interrupted run wrote aside is taken away; what is of others stays', async (t) => {
  await using folder = await temporaryFolder('segments')
  const aside = 'edges-000000000001.log.0a1b2c.new'
  for (const name of [aside, 'samples-000000000001.log.0a1b2c.new']) await writeFile(join(folder.path, name), 'torn')
  const { segments } = segmentsIn(folder.path)
  await segments.recover()
  t.ok(segments.isEmpty)
  t.strictSame(await readdir(folder.path), ['samples-000000000001.log.0a1b2c.new'])
})

t.test('a folder that cannot be read further says how far it came', async (t) => {
  await using folder = await temporaryFolder('segments')
  await segmentsIn(folder.path).append(1, 2)
  await mkdir(join(folder.path, 'edges-000000000009.log'))
  const { segments } = segmentsIn(folder.path)
  await t.rejects(segments.recover(), { code: 'EISDIR' })
  t.equal(segments.next, 3)
})
