import { createHash } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { git } from '../git.ts'
import { buildPackages } from './build-packages.ts'
import { root, ToolFailure } from './tool.ts'

// `npm run package`: Debian packages of agent, plane and command line in dist/packages, and the sums of what they are.

const into = join(root, 'dist/packages')
try {
  await rm(into, { recursive: true, force: true })
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const made = await buildPackages({ into, version, epoch: await builtAt() })
  const sums: string[] = []
  for (const file of made) {
    sums.push(
      `${createHash('sha256')
        .update(await readFile(file))
        .digest('hex')}  ${basename(file)}\n`,
    )
    process.stdout.write(`${file}  ${((await stat(file)).size / 1e6).toFixed(1)} MB\n`)
  }
  await writeFile(join(into, 'SHA256SUMS'), sums.join(''))
} catch (error) {
  if (!(error instanceof ToolFailure)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** The time that is in the packages, in seconds: as asked for, of the last commit, or that of no time at all. */
async function builtAt(): Promise<number> {
  if (process.env.SOURCE_DATE_EPOCH !== undefined) return Number(process.env.SOURCE_DATE_EPOCH)
  return Number(await git(['log', '-1', '--format=%ct']).catch(() => 0))
}
