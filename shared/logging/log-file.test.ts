import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { LogFile } from './log-file.ts'
import { inOrder, partName, partsToRemove, readPartName } from './log-parts.ts'

const noon = Date.parse('2026-11-22T12:00:00Z')
const day = 86_400_000
const mib = 1024 * 1024

t.test('the name of a part tells its day and number, and no other file is one', async (t) => {
  for (const base of ['heddle-plane.log', 'plain', 'a.b.log']) {
    const name = partName(base, '2026-11-22', 3)
    t.match(readPartName(base, name), { name, day: '2026-11-22', number: 3 })
  }
  for (const other of [
    'heddle-plane.log',
    'heddle-agent-2026-11-22.1.log',
    'heddle-plane-2026-11-22.x.log',
    'heddle-plane-.log',
  ])
    t.equal(readPartName('heddle-plane.log', other), undefined, other)
})

t.test('the oldest parts go, and only as many as must', async (t) => {
  const part = fc.record({
    name: fc.uuid(),
    day: fc.constantFrom('2026-01-01', '2026-01-02'),
    number: fc.integer({ min: 1, max: 20 }),
    bytes: fc.integer({ min: 1, max: 50 }),
  })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(part), fc.integer({ min: 0, max: 40 }), (parts, needed) => {
        const removed = partsToRemove(parts, needed, 100)
        const kept = inOrder(parts).slice(removed.length)
        const sum = kept.reduce((all, { bytes }) => all + bytes, 0)
        const lastGone = removed.at(-1)?.bytes ?? Number.POSITIVE_INFINITY
        return (kept.length === 0 || sum + needed <= 100) && sum + lastGone + needed > 100
      }),
    ),
  )
})

t.test('each day has its own file, and together they never go beyond the bound', async (t) => {
  await using folder = await temporaryFolder('log')
  let now = noon
  const lost: string[] = []
  using log = new LogFile(
    { path: join(folder.path, 'logs/x.log'), most_megabytes: 1 },
    { now: () => now, instead: (line) => void lost.push(line) },
  )
  const line = `${'x'.repeat(1023)}\n`
  for (let days = 0; days < 3; days += 1) {
    log.write(`day ${days}\n`)
    now += day
  }
  t.strictSame((await readdir(join(folder.path, 'logs'))).sort(), ['x-2026-11-22.1.log', 'x-2026-11-23.1.log', 'x.log'])
  for (let lines = 0; lines < 3_000; lines += 1) log.write(line)
  const names = await readdir(join(folder.path, 'logs'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder.path, 'logs', name))).size))
  const all = sizes.reduce((sum, size) => sum + size, 0)
  t.ok(all <= mib, `${all} bytes in ${names.length} files`)
  t.ok(all > 0.7 * mib, 'the room is used')
  t.notOk(names.includes('x-2026-11-22.1.log'), 'the oldest went')
  t.strictSame(lost, [])
})

t.test('what was there before a start is counted, and goes on', async (t) => {
  await using folder = await temporaryFolder('log')
  await mkdir(join(folder.path, 'logs'))
  await writeFile(join(folder.path, 'logs/x-2026-01-01.1.log'), 'o'.repeat(mib))
  await writeFile(join(folder.path, 'logs/x.log'), 'before\n')
  using log = new LogFile(
    { path: join(folder.path, 'logs/x.log'), most_megabytes: 1 },
    { now: Date.now, instead: () => t.fail('it can be written') },
  )
  log.write('after\n')
  t.strictSame(await readdir(join(folder.path, 'logs')), ['x.log'])
  t.equal(await readFile(join(folder.path, 'logs/x.log'), 'utf8'), 'before\nafter\n')
})

t.test('where the file cannot be written, lines go elsewhere until it can', async (t) => {
  await using folder = await temporaryFolder('log')
  await writeFile(join(folder.path, 'logs'), 'no folder')
  let now = noon
  const elsewhere: string[] = []
  using log = new LogFile(
    { path: join(folder.path, 'logs/x.log'), most_megabytes: 1 },
    { now: () => now, instead: (line) => void elsewhere.push(line) },
  )
  log.write('one\n')
  log.write('two\n')
  t.match(elsewhere, [/the log file cannot be written.*logs/, 'one\n', 'two\n'])
  const { rm } = await import('node:fs/promises')
  await rm(join(folder.path, 'logs'))
  now += 10_000
  log.write('three\n')
  t.equal(await readFile(join(folder.path, 'logs/x.log'), 'utf8'), 'three\n')
  t.equal(elsewhere.length, 3)
})
