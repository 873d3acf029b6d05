import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debianMirror, unpackDebian } from './debian.mjs'
import { lastLines, run, SetupFailure } from './steps.mjs'

/** What the packages of Heddle depend on and a minimal Debian lacks: apt gets it from a mirror, here from a folder of the made system itself. */
const offered = ['libatomic1']

/**
 * A minimal Debian bookworm in `folder`/root, as a machine is after its installation, and beside it a script that tells its version.
 * Nothing outside the folder is changed. Packages of `offered` are not installed: its only source of packages is a folder with them.
 */
export async function makeBookworm(folder) {
  if (process.getuid?.() !== 0) {
    throw new SetupFailure('a Debian of its own can be made by root alone.', { remedy: 'Do it as root' })
  }
  const script = await unpackDebian(['debootstrap'], { suite: 'bookworm', into: folder })
  const system = join(folder, 'system')
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  const args = ['--variant=minbase', '--arch', await architecture(), '--keyring', keyring, 'bookworm', system]
  await mustRun('sh', [join(script, 'usr/sbin/debootstrap'), ...args, await debianMirror()], {
    cwd: folder,
    env: { ...process.env, DEBOOTSTRAP_DIR: join(script, 'usr/share/debootstrap') },
  })
  await offer(folder, system)
  for (const name of await readdir(folder)) {
    if (name !== 'system') await rm(join(folder, name), { recursive: true, force: true })
  }
  await rename(system, join(folder, 'root'))
  const program = join(folder, 'bookworm')
  await writeFile(program, `#!/bin/sh\ncat "$(dirname "$(readlink -f "$0")")/root/etc/debian_version"\n`)
  await chmod(program, 0o755)
  return program
}

/** Makes a source of packages within the system, which needs no network, the only one that it has. */
async function offer(folder, system) {
  const place = 'var/lib/packages'
  const own = join(folder, 'offered')
  await mkdir(own)
  await mkdir(join(system, place))
  await unpackDebian(offered, { suite: 'bookworm', into: own })
  const stanzas = []
  for (const name of await readdir(join(own, '.deb'))) {
    const path = join(own, '.deb', name)
    const { output } = await mustRun('dpkg-deb', ['-f', path])
    const sha256 = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    const { size } = await stat(path)
    stanzas.push(`${output.trim()}\nFilename: ./${name}\nSize: ${size}\nSHA256: ${sha256}\n`)
    await cp(path, join(system, place, name))
  }
  await writeFile(join(system, place, 'Packages'), stanzas.join('\n'))
  await writeFile(join(system, 'etc/apt/sources.list'), `deb [trusted=yes] file:/${place} ./\n`)
  for (const lists of ['var/lib/apt/lists', 'var/cache/apt/archives']) {
    for (const name of await readdir(join(system, lists))) {
      if (name !== 'partial' && name !== 'lock') await rm(join(system, lists, name), { recursive: true, force: true })
    }
  }
  await mustRun('chroot', [system, 'apt-get', '-qq', 'update'])
}

async function architecture() {
  return (await mustRun('dpkg', ['--print-architecture'])).output.trim()
}

async function mustRun(command, args, options = {}) {
  const result = await run(command, args, options)
  if (result.code === 0) return result
  throw new SetupFailure('a minimal Debian could not be made.', {
    why: lastLines(result.output),
    remedy: 'Connect this machine to its Debian mirror',
  })
}
