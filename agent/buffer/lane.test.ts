import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { fold } from './fold.ts'
import { Lane } from './lane.ts'
import type { Edge } from './record.ts'
import { SegmentFiles } from './segment-files.ts'

const moment = (wall: number) => ({ boot: 'b', mono: wall, wall })
const edge =
  (id: string, wall = 0) =>
  (n: number): Edge => ({
    n,
    id,
    verdict: { health: n % 2 ? 'critical' : 'passing', reason: reason('ok') },
    at: moment(wall),
  })

const open = (folder: string, most = 1024 * 1024, mostInMemory = 1024 * 1024) =>
  Lane.open<Edge>({ files: new SegmentFiles(folder, 'edges'), log: 'log-new', most, mostInMemory, shrink: fold })

const numbers = async (lane: Lane<Edge>) => (await lane.read(Number.POSITIVE_INFINITY)).map(({ n }) => n)

t.test('what was flushed is there after a crash, in order; what was acknowledged is not', async (t) => {
  await using folder = await temporaryFolder('lane')
  const lane = await open(folder.path)
  for (let n = 1; n <= 5; n += 1) lane.append(edge('a'), false)
  await lane.flush()
  lane.acknowledge([1, 2, 4])
  await lane.flush()
  lane.append(edge('a'), false)
  const again = await open(folder.path)
  t.strictSame(await numbers(again), [3, 5], 'the sixth was not flushed')
  t.equal(again.log, 'log-new')
  t.equal(again.append(edge('a'), false), 6, 'its number was never told')
})

t.test('a log of which nothing waits is removed, and the next one is another', async (t) => {
  await using folder = await temporaryFolder('lane')
  const lane = await open(folder.path)
  lane.append(edge('a'), false)
  await lane.flush()
  lane.acknowledge([1])
  await lane.close()
  t.strictSame(await readdir(folder.path), [])
})

t.test('what is acknowledged before the round never reaches the disk', async (t) => {
  await using folder = await temporaryFolder('lane')
  const lane = await open(folder.path)
  const n = lane.append(edge('a'), true)
  lane.acknowledge([n])
  await lane.flush()
  t.strictSame(await readdir(folder.path), [])
})

t.test('what is held is passed over until it is released', async (t) => {
  await using folder = await temporaryFolder('lane')
  const lane = await open(folder.path)
  lane.append(edge('a'), true)
  t.notOk(lane.hasNews)
  lane.append(edge('a'), false)
  t.strictSame(await numbers(lane), [2])
  lane.release([1])
  t.strictSame(await numbers(lane), [1, 2])
  lane.hold([1, 7])
  t.strictSame(await numbers(lane), [2])
  lane.releaseAll()
  t.strictSame(await numbers(lane), [1, 2])
})

t.test('told segments are deleted while others are written, and room is bounded in a long life', async (t) => {
  await using folder = await temporaryFolder('lane')
  const lane = await open(folder.path, 64 * 1024)
  for (let n = 1; n <= 2_000; n += 1) {
    lane.append(edge('a'), true)
    if (n % 50 === 0) await lane.flush()
    lane.acknowledge([n])
  }
  await lane.flush()
  t.ok((await readdir(folder.path)).length <= 2)
  t.match(lane.state, { waiting: 0, lost: 0, failure: undefined })
  const again = await open(folder.path, 64 * 1024)
  t.strictSame(await numbers(again), [])
})

t.test('a full log folds the oldest changes of each instance and says how many', async (t) => {
  await using folder = await temporaryFolder('lane')
  const most = 32 * 1024
  const lane = await open(folder.path, most)
  const ids = ['a', 'b', 'c']
  const total = 3_000
  for (let n = 1; n <= total; n += 1) {
    lane.append(edge(ids[n % 3] ?? '', n), false)
    if (n % 20 === 0) await lane.flush()
  }
  await lane.flush()
  const check = async (one: Lane<Edge>) => {
    t.ok(one.state.bytes <= most * 1.2, `${one.state.bytes} bytes`)
    const kept = await one.read(Number.POSITIVE_INFINITY)
    const known = kept.reduce((sum, { folded, lost = 0 }) => sum + 1 + lost + (folded?.count ?? 0), 0)
    t.equal(known, total, 'every change is there, or counted')
    t.strictSame(
      kept.map(({ n }) => n),
      kept.map(({ n }) => n).toSorted((a, b) => a - b),
    )
    t.equal(kept.at(-1)?.n, total)
    t.notOk(kept.at(-1)?.folded, 'the newest are whole')
    t.ok(kept[0]?.folded, 'the oldest are folded')
  }
  await check(lane)
  await check(await open(folder.path, most))
  t.ok(lane.state.lost > 1_000)
})

t.test('without a disk it goes on in memory, within bounds, and writes when the disk is back', async (t) => {
  await using folder = await temporaryFolder('lane')
  const path = join(folder.path, 'buffer')
  await writeFile(path, 'a file where the folder should be')
  const lane = await open(path, 1024 * 1024, 8 * 1024)
  t.ok(lane.state.failure, 'it cannot even look what is there')
  for (let n = 1; n <= 500; n += 1) lane.append(edge('a'), false)
  await lane.flush()
  t.ok(lane.state.inMemory < 100)
  const kept = await lane.read(Number.POSITIVE_INFINITY)
  t.equal(
    kept.reduce((sum, { folded }) => sum + 1 + (folded?.count ?? 0), 0),
    500,
  )
})

type Step =
  | { readonly kind: 'append'; readonly id: string }
  | { readonly kind: 'acknowledge'; readonly which: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'restart'; readonly cut: number | undefined }

t.test(
  'after any crash, cut at any byte, what is left is a beginning of what was flushed, whole without a cut',
  async (t) => {
    await using folder = await temporaryFolder('lane')
    const step = fc.oneof<fc.Arbitrary<Step>[]>(
      fc.record({ kind: fc.constant('append'), id: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('append'), id: fc.constantFrom('a', 'b') }),
      fc.record({ kind: fc.constant('acknowledge'), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('flush') }),
      fc.record({ kind: fc.constant('restart'), cut: fc.option(fc.nat(400), { nil: undefined }) }),
    )
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        runs += 1
        const path = join(folder.path, `run-${runs}`)
        // Small segments, so that several are in play; enough room, so that nothing is folded.
        let lane = await open(path, 8 * 700)
        let waiting: number[] = []
        let flushed: number[] = []
        let acknowledged: number[] = []
        for (const next of steps) {
          if (next.kind === 'append') waiting.push(lane.append(edge(next.id), false))
          if (next.kind === 'flush') {
            await lane.flush()
            flushed = [...waiting]
            acknowledged = []
          }
          if (next.kind === 'acknowledge') {
            const n = waiting[next.which % Math.max(1, waiting.length)]
            if (n === undefined) continue
            lane.acknowledge([n])
            waiting = waiting.filter((each) => each !== n)
            acknowledged.push(n)
          }
          if (next.kind === 'restart') {
            const [last] = (await readdir(path).catch(() => [])).sort().reverse()
            if (next.cut !== undefined && last !== undefined) {
              const { length } = await readFile(join(path, last))
              await truncate(join(path, last), Math.max(0, length - next.cut))
            }
            lane = await open(path, 8 * 700)
            const found = await numbers(lane)
            const kept = found.filter((n) => !acknowledged.includes(n))
            const before = flushed.filter((n) => !acknowledged.includes(n))
            if (next.cut === undefined && kept.length !== before.length) return false
            // A cut may take an acknowledgement back, too: then it is told twice. It never takes one from the middle.
            const mine = kept.filter((n) => before.includes(n))
            if (mine.join() !== before.slice(0, mine.length).join()) return false
            if (found.join() !== found.toSorted((a, b) => a - b).join()) return false
            waiting = found
            flushed = [...found]
            acknowledged = []
          }
        }
        return lane.state.lost === 0
      }),
      { numRuns: 150 },
    )
    t.pass()
  },
)

t.test('a segment that is damaged in its middle costs what follows in it, and nothing else', async (t) => {
  await using folder = await temporaryFolder('lane')
  const lane = await open(folder.path, 8 * 1_000)
  for (let n = 1; n <= 30; n += 1) {
    lane.append(edge('a'), false)
    await lane.flush()
  }
  const [first = '', second = ''] = (await readdir(folder.path)).sort()
  const bytes = await readFile(join(folder.path, first))
  bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 1
  await writeFile(join(folder.path, first), bytes)
  await writeFile(join(folder.path, second), Buffer.alloc(500))
  const again = await open(folder.path, 8 * 1_000)
  const found = await numbers(again)
  t.equal(found[0], 1)
  t.equal(found.at(-1), 30)
  t.ok(found.length < 30 && found.length > 10)
  t.ok(again.state.damagedBytes > 500)
  t.equal(again.append(edge('a'), false), 31)
})
