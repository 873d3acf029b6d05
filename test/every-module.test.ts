import { glob, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { projectFolder } from './support/parts.ts'

/** Programs do their work when they are imported: the map of each program, what package.json lists as such, and workers. */
async function isProgram(file: string): Promise<boolean> {
  const { bin } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
  return basename(file) === 'main.ts' || /(^|-)worker\.ts$/.test(basename(file)) || Object.values(bin).includes(file)
}

const files = await Array.fromAsync(glob('{agent,control-plane,shared,cli}/**/*.ts', { cwd: projectFolder }))

// Also brings the modules that no other test loads into the coverage.
await t.test('importing a module starts nothing', async (t) => {
  const before = openResources()
  for (const file of files.toSorted()) {
    if (file.endsWith('.test.ts') || file.endsWith('.d.ts') || (await isProgram(file))) continue
    await t.resolves(import(pathToFileURL(join(projectFolder, file)).href), file)
  }
  t.strictSame(openResources(), before)
})

/** What would keep this process alive: servers, timers, workers and the like; reading files is over by itself. */
function openResources(): readonly string[] {
  return process
    .getActiveResourcesInfo()
    .filter((kind) => !kind.startsWith('FSReq'))
    .toSorted()
}
