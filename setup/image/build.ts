import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { programOf } from '#test/support/parts.ts'
import { git } from '../git.ts'
import { root } from '../steps.mjs'
import { makeBill, readLock as readPackageLock } from '../supply-chain/npm.ts'
import { imageBill } from './bill.ts'
import { type BuiltImage, buildImage } from './build-image.ts'
import { type Contents, layRoots, targets } from './lay-roots.ts'
import { debianArchitecture } from './lock.ts'

// `npm run image`: makes dist/image, which the Dockerfile copies, and out of it the images by Buildah (as root), as OCI archives with their
// bills of materials in dist/images.
//   npm run image -- roots      dist/image and the bills alone: `docker build` does the rest
//   npm run image -- --twice    everything twice, from the beginning; fails where a digest differs

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { twice: { type: 'boolean', default: false } },
})
const out = join(root, 'dist/images')
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })
if (positionals.includes('roots')) await writeBills(await layRoots(join(root, 'dist/image')))
else await buildAll()

async function buildAll(): Promise<void> {
  const first = await buildOnce('first')
  const second = values.twice ? await buildOnce('second') : first
  for (const [place, { target, digest, bytes, archive }] of first.entries()) {
    const again = second[place]?.digest
    process.stdout.write(`${archive}: heddle-${target} ${digest}, ${(bytes / 1024 / 1024).toFixed(1)} MiB\n`)
    if (again === digest) continue
    process.stdout.write(`heddle-${target} was ${again} the second time\n`)
    process.exitCode = 1
  }
}

async function buildOnce(name: string): Promise<readonly BuiltImage[]> {
  await writeBills(await layRoots(join(root, 'dist/image')))
  const folder = join(out, name)
  await mkdir(folder)
  const storage = { program: programOf('buildah'), folder }
  const built: BuiltImage[] = []
  for (const target of targets) built.push(await buildImage(storage, target, { version, revision: await revision() }))
  // What Buildah keeps is several times the archives.
  for (const each of ['root', 'run']) await rm(join(folder, each), { recursive: true, force: true })
  return built
}

async function writeBills({ debian, npm }: Contents): Promise<void> {
  const [shipped, lock] = await Promise.all([makeBill(), readPackageLock()])
  for (const target of targets) {
    const about = { name: `heddle-${target}`, version, arch: debianArchitecture(process.arch) ?? process.arch }
    const bill = imageBill(shipped, {
      ...about,
      nodeVersion: process.versions.node,
      debian,
      npm: npm[target] ?? [],
      lock,
    })
    const file = join(out, `heddle-${target}.cdx.json`)
    await writeFile(file, `${JSON.stringify(bill, undefined, 2)}\n`)
    process.stdout.write(`${file}: ${bill.components.length} components\n`)
  }
}

async function revision(): Promise<string> {
  return git(['rev-parse', 'HEAD']).then(
    (commit) => commit.trim(),
    () => 'unknown',
  )
}
