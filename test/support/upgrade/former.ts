import { execFile } from 'node:child_process'
import { access, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import * as z from 'zod/mini'
import { explainError } from '#shared/failure/failure.ts'
import { git } from '../../../setup/git.ts'
import { projectFolder } from '../parts.ts'

const run = promisify(execFile)

const Releases = z.object({
  releases: z.array(z.object({ name: z.string(), commit: z.string().check(z.regex(/^[0-9a-f]{7,40}$/)) })),
})

/** A former version as it was shipped: how agent and plane are started, without the configuration. */
export type Former = { readonly name: string; readonly agent: readonly string[]; readonly plane: readonly string[] }

/** The released versions that today's one must get along with, newest first. */
export async function releases() {
  const text = await readFile(join(projectFolder, 'setup/releases.yaml'), 'utf8')
  return z.parse(Releases, parse(text)).releases
}

/**
 * Makes a former version out of the history, with the packages of today. A reason why it cannot be made here: there is no history (a shallow
 * clone, an archive), or it needs packages that are gone. It is made once and kept beside what is shipped.
 */
export async function former({
  name,
  commit,
}: {
  readonly name: string
  readonly commit: string
}): Promise<Former | string> {
  const folder = join(projectFolder, 'dist/former', commit)
  const made = { name, agent: started(folder, 'agent'), plane: started(folder, 'plane') }
  if (
    await access(join(folder, 'made')).then(
      () => true,
      () => false,
    )
  )
    return made
  try {
    await git(['cat-file', '-e', `${commit}^{commit}`])
  } catch {
    return `the history has no ${commit} (a shallow clone, or no clone)`
  }
  const lock = JSON.parse(await git(['show', `${commit}:package.json`]))
  const now = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
  const other = Object.entries<string>(lock.dependencies).filter(
    ([each, version]) => now.dependencies[each] !== version,
  )
  if (other.length > 0) return `it was made with other packages: ${other.map(([each]) => each).join(', ')}`
  const aside = `${folder}.${process.pid}`
  try {
    await mkdir(aside, { recursive: true })
    const tar = join(aside, 'source.tar')
    const parts = ['package.json', 'agent', 'cli', 'control-plane', 'shared', 'setup/bundle.ts']
    await git(['archive', '--output', tar, commit, ...parts])
    await run('tar', ['-xf', tar, '-C', aside])
    await rm(tar)
    await symlink(join(projectFolder, 'node_modules'), join(aside, 'node_modules'))
    const script =
      "const { shippedAgent, shippedPlane } = await import('./setup/bundle.ts'); await shippedAgent(); await shippedPlane()"
    await run(process.execPath, ['--input-type=module', '-e', script], { cwd: aside, maxBuffer: 16 * 1024 * 1024 })
    for (const each of parts) await rm(join(aside, each), { recursive: true })
    await rm(join(aside, 'node_modules'))
    await writeFile(join(aside, 'made'), '')
    // Another test may have made it meanwhile.
    await rename(aside, folder).catch(() => {})
    return made
  } catch (error) {
    return `it cannot be made with what is here: ${explainError(error).slice(0, 300)}`
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

function started(folder: string, program: 'agent' | 'plane'): readonly string[] {
  return [join(folder, 'dist', program, `heddle-${program}.mjs`)]
}
