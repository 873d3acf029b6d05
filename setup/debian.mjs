import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { lastLines, run, SetupFailure } from './steps.mjs'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** The name of the machine's Debian release, for example "bookworm"; undefined on other systems. */
export async function debianRelease() {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const field = (name) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1]
  return field('ID') === 'debian' ? field('VERSION_CODENAME') : undefined
}

/**
 * Extracts Debian packages below `into`/root, without root's rights and without touching what the machine has: apt with lists, cache
 * and state of our own. apt checks each package against the release's signature. The machine's mirror, proxies and certificates are used.
 * @param suite a Debian release, which need not be the machine's
 */
export async function unpackDebian(packages, { suite, into }) {
  const unpacked = join(into, 'root')
  await mkdir(unpacked, { recursive: true })
  for (const path of await downloadDebian(packages, { suite, into })) await unpackPackage(path, unpacked)
  return unpacked
}

export async function unpackPackage(path, into) {
  await mustRun('dpkg-deb', ['-x', path, into], dirname(path))
}

/**
 * Fetches Debian packages into `into`/.deb without extracting them; resolves with their files.
 * @param packages names, with `=<version>` where it must be that one
 * @param security whether those of the release's security archive count as well, where the machine is configured for one
 */
export async function downloadDebian(packages, { suite, into, security = false }) {
  const own = join(into, '.apt')
  const downloads = join(into, '.deb')
  for (const folder of [join(own, 'lists/partial'), join(own, 'cache/archives/partial'), downloads]) {
    await mkdir(folder, { recursive: true })
  }
  await writeFile(join(own, 'status'), '')
  await writeFile(join(own, 'apt.conf'), aptConfiguration(own))
  const sources = await mirrors()
  const wanted = [
    [sources.main, suite],
    ...(security && sources.security ? [[sources.security, `${suite}-security`]] : []),
  ]
  const lines = wanted.map(([address, name]) => `deb [signed-by=${keyring}] ${address} ${name} main\n`)
  await writeFile(join(own, 'sources.list'), lines.join(''))
  const apt = ['-c', join(own, 'apt.conf'), '-qq']
  await mustRun('apt-get', [...apt, '-o', 'APT::Update::Error-Mode=any', 'update'], own)
  // Into a new empty folder: apt takes a file that already lies there for the download.
  await mustRun('apt-get', [...apt, 'download', ...packages], downloads)
  return (await readdir(downloads)).sort().map((name) => join(downloads, name))
}

/** The folders of libraries of an unpacked tree, relative to it. */
export async function libraryFolders(unpacked) {
  const found = []
  for (const base of ['lib', 'usr/lib']) {
    const names = await readdir(join(unpacked, base)).catch(() => [])
    found.push(...names.filter((name) => name.endsWith('-linux-gnu')).map((name) => `${base}/${name}`))
  }
  return found
}

/**
 * For a machine that lacks libraries: writes a script that is `program` with those of an unpacked tree. Both are named relative to the
 * script's folder, so that the whole may be moved; `unpacked` is the tree's own path.
 */
export async function wrapWithLibraries(script, { program, libraries, unpacked }) {
  const folders = (await libraryFolders(unpacked)).map((path) => `$here/${libraries}/${path}`)
  const text = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="${folders.join(':')}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/${program}" "$@"
`
  await writeFile(script, text)
  await chmod(script, 0o755)
}

function aptConfiguration(own) {
  return `Dir::Etc::sourcelist "${own}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "${own}/lists";
Dir::State::status "${own}/status";
Dir::Cache "${own}/cache";
Acquire::Languages "none";
Acquire::Retries "1";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
`
}

/** The address of the Debian mirror that the machine itself is configured for. */
export async function debianMirror() {
  return (await mirrors()).main
}

async function mirrors() {
  const release = await debianRelease()
  if (release === undefined) {
    throw new SetupFailure('this machine is not a Debian, whose packages could be used.', { remedy: 'Use Debian 12' })
  }
  const { output } = await run('apt-get', ['update', '--print-uris'])
  const addressOf = (name) => new RegExp(`^'(.*)dists/${name}/InRelease' `, 'm').exec(output)?.[1]
  const main = addressOf(release)
  if (main === undefined) {
    throw new SetupFailure('apt names no mirror for this release of Debian.', {
      why: lastLines(output),
      remedy: 'Add the release to /etc/apt/sources.list',
    })
  }
  return { main, security: addressOf(`${release}-security`) }
}

async function mustRun(command, args, cwd) {
  const { code, output } = await run(command, args, { cwd, timeoutMs: 300_000 })
  if (code === 0) return
  throw new SetupFailure('its Debian package could not be fetched.', {
    why: lastLines(output),
    remedy: 'Connect this machine to its Debian mirror',
  })
}
