import { chmod, copyFile, lstat, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { command } from './run-dpkg.ts'

/** Of the files that dpkg keeps of a package, those that make a package. */
const kept = ['preinst', 'postinst', 'prerm', 'postrm', 'triggers', 'shlibs', 'md5sums'] as const
/** What dpkg says of a package, and not the package of itself. */
const notOfPackage = /^(Status|Conffiles|Config-Version|Triggers-Pending|Triggers-Awaited):/

/**
 * Makes a package file of what is installed, so that it can be put back. Configuration files are left out: dpkg leaves those that are there alone,
 * edited or not, and still knows what they were.
 */
export async function repack(
  name: string,
  { root, folder, file }: { readonly root: string; readonly folder: string; readonly file: string },
): Promise<void> {
  const build = join(folder, 'repack')
  await rm(build, { recursive: true, force: true })
  try {
    const control = join(build, 'DEBIAN')
    await mkdir(control, { recursive: true, mode: 0o755 })
    const status = await command('dpkg-query', [`--root=${root}`, '--status', name])
    await writeFile(join(control, 'control'), `${controlOf(status)}\n`)
    const info = join(root, 'var/lib/dpkg/info')
    for (const each of kept) await copyScript(join(info, `${name}.${each}`), join(control, each))
    const config = configurationOf(status)
    const files = (await command('dpkg-query', [`--root=${root}`, '--listfiles', name])).split('\n')
    const list = await present(
      root,
      files.filter((path) => path.startsWith('/') && path !== '/.' && !config.has(path)),
    )
    const tar = join(folder, 'repack.tar')
    await writeFile(join(folder, 'repack.list'), list.map((path) => `.${path}\n`).join(''))
    await command('tar', ['-C', root, '--no-recursion', '-cf', tar, '-T', join(folder, 'repack.list')])
    await command('tar', ['-C', build, '-xpf', tar])
    // Fast: it is needed once, if at all.
    await command('dpkg-deb', ['-Zgzip', '-z1', '--build', build, `${file}.new`])
    await command('mv', [`${file}.new`, file])
  } finally {
    for (const each of ['repack', 'repack.tar', 'repack.list'])
      await rm(join(folder, each), { recursive: true, force: true })
  }
}

/** Configuration files of an installed package by what dpkg says of it: also those that only an earlier version brought. */
export function configurationOf(status: string): ReadonlySet<string> {
  const [, lines = ''] = /^Conffiles:[^\n]*\n((?: .*(?:\n|$))*)/m.exec(status) ?? []
  return new Set(Array.from(lines.matchAll(/^ (\/.*?) (?:[0-9a-f]{32}|newconffile)\b.*$/gm), ([, path = '']) => path))
}

/** The control file out of what dpkg says of an installed package. */
export function controlOf(status: string): string {
  const fields = status.trimEnd().split(/\n(?=\S)/)
  return fields.filter((field) => !notOfPackage.test(field)).join('\n')
}

async function copyScript(from: string, to: string): Promise<void> {
  const { mode } = (await lstat(from).catch(() => undefined)) ?? {}
  if (mode === undefined) return
  await copyFile(from, to)
  await chmod(to, mode & 0o777)
}

/** Those that are there: somebody may have removed one. */
async function present(root: string, paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      lstat(join(root, path))
        .then(() => [path])
        .catch(() => []),
    ),
  )
  return found.flat()
}
