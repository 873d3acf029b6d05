import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { diskOf } from '../world/plan.ts'
import { agentsOf, type FaultKind, injected } from './fault.ts'

/** What is written aside and renamed into place, or is a database's own, is never half written: a disk that lies is not played. */
const whole = /(node\.json|-acknowledged[^/]*)$/
/** What else a unit wrote last: so many files of it. */
const most = 3

/** The process dies in the midst of writing: what it wrote last is there to a half when it starts again. */
export const halfWritten: FaultKind = {
  name: 'half-written',
  targets: (plan) => [...plan.planes, ...agentsOf(plan)],
  seconds: [1, 5],
  harms: (target) => ({ hits: [target] }),
  inject: async (world, target) => {
    const unit = world.unit(target)
    await unit.kill()
    for (const path of await newestIn(diskOf(world.folder, target))) {
      const { size } = await stat(path)
      await truncate(path, Math.floor(size / 2))
    }
    return injected({ hits: [target] }, () => unit.start())
  },
}

async function newestIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const written = await Promise.all(
    paths.filter((path) => !whole.test(path)).map(async (path) => ({ path, ...(await stat(path)) })),
  )
  const newest = written.filter(({ size }) => size > 1).toSorted((a, b) => b.mtimeMs - a.mtimeMs)
  return newest.slice(0, most).map(({ path }) => path)
}
