import { chmod, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debianRelease, unpackDebian } from './debian.mjs'
import { run } from './steps.mjs'

/** Consul as the last Debian that had it: it is one static file and runs on later ones. */
export async function unpackConsul(folder) {
  const unpacked = await unpackDebian(['consul=1.8.7*'], { suite: 'bullseye', into: folder })
  const program = join(folder, 'consul')
  await rename(join(unpacked, 'usr/bin/consul'), program)
  await removeAllBut(folder, ['consul'])
  return program
}

export async function unpackNginx(folder) {
  const suite = (await debianRelease()) ?? ''
  const unpacked = await unpackDebian(['nginx', 'libssl3', 'libpcre2-8-0', 'zlib1g', 'libcrypt1'], {
    suite,
    into: folder,
  })
  const program = join(unpacked, 'usr/sbin/nginx')
  await removeAllBut(folder, ['root'])
  if ((await run(program, ['-v'])).code === 0) return program
  return wrapWithLibraries(folder, 'root/usr/sbin/nginx')
}

/** For a machine that lacks libraries: the same program behind a script that points it to those fetched beside it. */
async function wrapWithLibraries(folder, program) {
  const script = join(folder, 'run')
  const libraries = (await libraryFolders(join(folder, 'root'))).map((path) => `$here/root/${path}`).join(':')
  await writeFile(script, `#!/bin/sh\nhere=\${0%/*}\nLD_LIBRARY_PATH=${libraries} exec "$here/${program}" "$@"\n`)
  await chmod(script, 0o755)
  return script
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

async function removeAllBut(folder, keep) {
  for (const name of await readdir(folder)) {
    if (!keep.includes(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
