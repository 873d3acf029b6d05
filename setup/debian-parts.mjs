import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { debianRelease, unpackDebian, wrapWithLibraries } from './debian.mjs'
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
  const script = join(folder, 'run')
  await wrapWithLibraries(script, { program: 'root/usr/sbin/nginx', libraries: 'root', unpacked })
  return script
}

async function removeAllBut(folder, keep) {
  for (const name of await readdir(folder)) {
    if (!keep.includes(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}
