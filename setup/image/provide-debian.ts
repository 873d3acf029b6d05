import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { downloadDebian } from '../debian.mjs'
import { inNewFolder, partsFolder } from '../steps.mjs'
import { type DebianPackage, debianArchitecture, readLock } from './lock.ts'

const kept = join(partsFolder, 'image-debian')

/** A Debian package that is exactly the one of the lock, and its file. */
export type Provided = DebianPackage & { readonly file: string }

/**
 * The packages of the lock for this machine: those that an earlier run has kept, the others from Debian. Each is compared with its hash in the
 * lock whenever it is used. Rejects where one is another than the lock says, or is no longer to be had.
 */
export async function provideDebian(arch = process.arch): Promise<readonly Provided[]> {
  const name = debianArchitecture(arch)
  const lock = await readLock()
  const wanted = name && lock[name]
  if (!name || !wanted) throw new Error(`setup/image/debian.lock.json has no packages for ${arch}.`)
  const fileOf = (each: DebianPackage) => join(kept, `${each.name}_${each.version}_${name}.deb`)
  const missing = await Promise.all(wanted.map(async (each) => ({ each, is: await hashOf(fileOf(each)) })))
  const toFetch = missing.filter(({ each, is }) => is !== each.sha256).map(({ each }) => each)
  if (toFetch.length > 0) await fetchAll(toFetch, lock.suite, fileOf)
  return wanted.map((each) => ({ ...each, file: fileOf(each) }))
}

async function fetchAll(
  wanted: readonly DebianPackage[],
  suite: string,
  fileOf: (each: DebianPackage) => string,
): Promise<void> {
  await mkdir(kept, { recursive: true })
  await inNewFolder(async (folder: string) => {
    const names = wanted.map(({ name, version }) => `${name}=${version}`)
    const files: readonly string[] = await downloadDebian(names, { suite, into: folder, security: true })
    for (const each of wanted) {
      const found = files.find((file) => basename(file).startsWith(`${each.name}_`))
      const is = found && (await hashOf(found))
      if (!found || is !== each.sha256) {
        throw new Error(
          `${each.name} ${each.version} is not what setup/image/debian.lock.json says (${is ?? 'missing'}).`,
        )
      }
      const aside = join(folder, 'verified.deb')
      await copyFile(found, aside)
      await rename(aside, fileOf(each))
    }
  })
}

async function hashOf(path: string): Promise<string | undefined> {
  const content = await readFile(path).catch(() => undefined)
  return content && createHash('sha256').update(content).digest('hex')
}
