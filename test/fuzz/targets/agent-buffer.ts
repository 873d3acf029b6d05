import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { fold } from '#agent/buffer/fold.ts'
import { Lane } from '#agent/buffer/lane.ts'
import type { Edge } from '#agent/buffer/record.ts'
import { SegmentFiles } from '#agent/buffer/segment-files.ts'
import { reason } from '#shared/protocol/reason.ts'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { mutated } from '../inputs/mutated.ts'
import { promise } from '../inputs/promises.ts'
import { targetOf } from '../play/target.ts'

const edge = (n: number): Edge => ({
  n,
  id: `crm-${n % 3}`,
  verdict: { health: n % 2 ? 'critical' : 'passing', reason: reason('ok') },
  at: { boot: 'b', mono: n, wall: n },
})
const open = (folder: string) =>
  Lane.open<Edge>({
    files: new SegmentFiles(folder, 'edges'),
    log: 'log-new',
    most: 16 * 1024,
    mostInMemory: 64 * 1024,
    shrink: fold,
  })
const count = 60

/** What an agent leaves behind that is killed: some segments, of which parts have been acknowledged. */
const written = await (async () => {
  await using folder = await temporaryFolder('fuzz-written')
  const lane = await open(folder.path)
  for (let n = 1; n <= count; n += 1) {
    lane.append(edge, false)
    if (n % 10 === 0) lane.acknowledge([n - 5, n - 4])
    await lane.flush()
  }
  const names = (await readdir(folder.path)).toSorted()
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder.path, name)) })))
})()

type World = AsyncDisposable & { readonly folder: Folder; folders: number }
type Damaged = { readonly which: number; readonly bytes: Buffer }

/** A backlog of an agent of which a segment was cut or damaged: the others are read, numbers never come again, and it can be written on. */
export const target = targetOf<Damaged, World>({
  arbitrary: fc
    .nat(written.length - 1)
    .chain((which) =>
      fc.record({ which: fc.constant(which), bytes: mutated([written[which]?.bytes ?? Buffer.alloc(0)]) }),
    ),
  open: async () => {
    const folder = await temporaryFolder('fuzz-buffer')
    return { folder, folders: 0, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  },
  run: async ({ which, bytes }, world) => {
    world.folders += 1
    const folder = join(world.folder.path, String(world.folders))
    await mkdir(folder)
    try {
      for (const [index, file] of written.entries()) {
        await writeFile(join(folder, file.name), index === which ? bytes : file.bytes)
      }
      const lane = await open(folder)
      const { waiting, damagedBytes } = lane.state
      const told = await lane.read(Number.POSITIVE_INFINITY)
      const numbers = told.map(({ n }) => n)
      promise(new Set(numbers).size === numbers.length, `a number comes twice: ${numbers.join(' ')}`)
      promise(
        numbers.every((n) => n >= 1 && n <= count),
        `nobody wrote ${numbers.join(' ')}`,
      )
      const n = lane.append(edge, false)
      await lane.flush()
      promise(lane.state.failure === undefined, `it cannot be written on: ${lane.state.failure}`)
      promise(!numbers.includes(n), `${n} was told before`)
      const again = await open(folder)
      promise(again.state.waiting === waiting + 1, `of ${waiting} and one more ${again.state.waiting} are there`)
      return damagedBytes === 0 ? 'taken' : 'refused'
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})
