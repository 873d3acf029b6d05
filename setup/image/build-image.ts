import { execFile } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod/mini'
import { root } from '../steps.mjs'
import type { Target } from './lay-roots.ts'

const run = promisify(execFile)

/** Where Buildah keeps what it makes, apart from everything that the machine may have of its own. */
export type Storage = { readonly program: string; readonly folder: string }

export type BuiltImage = {
  readonly target: Target
  readonly name: string
  /** The hash of its configuration, which names its layers by theirs. */
  readonly id: string
  /** Of its manifest: by which it is pulled and signed. */
  readonly digest: string
  /** An OCI archive, and its size, compressed. */
  readonly archive: string
  readonly bytes: number
}

export type Build = {
  readonly version: string
  /** The commit. */
  readonly revision: string
  /** The folder in which `dist/image` is; the project by default. */
  readonly context?: string
}

/** Runs Buildah with a storage of its own, without a container engine. It takes root. Resolves with what it wrote. */
export async function buildah({ program, folder }: Storage, args: readonly string[]): Promise<string> {
  const own = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')]
  const { stdout } = await run(program, [...own, ...args], {
    cwd: root,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      STORAGE_DRIVER: 'vfs',
      BUILDAH_ISOLATION: 'chroot',
      HOME: folder,
      TMPDIR: folder,
    },
    maxBuffer: 16 * 1024 * 1024,
    timeout: 300_000,
  })
  return stdout
}

/**
 * Builds an image out of the folders that `layRoots` has made, and writes it to a file, as an OCI archive. No time of this machine is in it, so
 * the same folders make the same digest.
 */
export async function buildImage(storage: Storage, target: Target, about: Build): Promise<BuiltImage> {
  const { version, revision, context = root } = about
  const name = `heddle-${target}:${version}`
  const policy = join(storage.folder, 'policy.json')
  // Nothing is ever pulled; where Buildah is not installed it still wants to be told.
  await writeFile(policy, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }))
  const args = ['--build-arg', `VERSION=${version}`, '--build-arg', `REVISION=${revision}`]
  // Docker's own format names the container in which it was made, and so is another each time. This one has no place for the health check.
  const options = ['--format', 'oci', '--timestamp', '0', '--pull-never', '--signature-policy', policy]
  await buildah(storage, [
    'bud',
    '--quiet',
    ...options,
    '--target',
    target,
    ...args,
    '--tag',
    name,
    '--file',
    join(root, 'Dockerfile'),
    context,
  ])
  const [listed] = z.parse(Listed, JSON.parse(await buildah(storage, ['images', '--json', name])))
  if (!listed) throw new Error(`${name} was not built`)
  const archive = join(storage.folder, `heddle-${target}.tar`)
  const digestFile = join(storage.folder, `heddle-${target}.digest`)
  const push = ['push', '--quiet', '--signature-policy', policy, '--digestfile', digestFile]
  await buildah(storage, [...push, name, `oci-archive:${archive}:${name}`])
  const digest = (await readFile(digestFile, 'utf8')).trim()
  return { target, name, id: listed.id, digest, archive, bytes: (await stat(archive)).size }
}

const Listed = z.array(z.looseObject({ id: z.string(), digest: z.string() }))
