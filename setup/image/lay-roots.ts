import { execFile } from 'node:child_process'
import { chmod, cp, lutimes, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { type Shipped, shippedAgent, shippedCli, shippedPlane } from '../bundle.ts'
import { unpackPackage } from '../debian.mjs'
import { inNewFolder, root } from '../steps.mjs'
import { type Provided, provideDebian } from './provide-debian.ts'

const run = promisify(execFile)

/** The user of every image: numeric in the Dockerfile, so that whoever runs it can check that it is not root. */
export const user = 65_532

/** What an image starts, and where its program lies in it. */
export type Target = 'plane' | 'agent' | 'cli'

type Program = { readonly folder: string; readonly word: string; readonly make: (above: string) => Promise<Shipped> }

export const programs: Readonly<Record<Target, Program>> = {
  plane: { folder: 'usr/lib/heddle-plane/plane', word: 'heddle-plane', make: shippedPlane },
  agent: { folder: 'usr/lib/heddle-agent/agent', word: 'heddle-agent', make: shippedAgent },
  cli: { folder: 'usr/lib/heddle-cli/cli', word: 'heddle', make: shippedCli },
}

export const targets: readonly Target[] = ['plane', 'agent', 'cli']

/** What of others is in the images: Debian packages in all of them, npm packages by image, named by their places in package-lock.json. */
export type Contents = {
  readonly debian: readonly Provided[]
  readonly npm: Readonly<Record<string, readonly string[]>>
}

/** Of Debian's packages: what nobody reads where there is no shell, and encodings that Node has itself. */
const leftOut = [
  /\/gconv\//,
  /^usr\/share\/(?:lintian|man|locale|info|bug|gcc|gdb)\//,
  /^usr\/share\/doc\/(?!.*\/copyright$)/,
]

/** Of base-files only what says which release this is, and the texts of licences. */
const ofBaseFiles =
  /^(?:etc\/debian_version|etc\/os-release|usr\/lib\/os-release|usr\/share\/common-licenses\/.*|usr\/share\/doc\/base-files\/copyright)$/

/**
 * Makes what the Dockerfile copies in `into`: a folder `base`, and one for each image. The same tree gives the same folders, to the byte:
 * contents, modes and times; owners are the Dockerfile's. Resolves with what of others is in them.
 */
export async function layRoots(into: string): Promise<Contents> {
  await rm(into, { recursive: true, force: true })
  const packages = await provideDebian()
  const base = join(into, 'base')
  await layBase(base, packages)
  const npm: Record<string, readonly string[]> = {}
  for (const target of targets) npm[target] = await layProgram(into, target)
  // Of which the Dockerfile makes the folders that belong to the image's user.
  await mkdir(join(into, 'state'))
  await settle(into)
  return { debian: packages, npm }
}

async function layBase(base: string, packages: readonly Provided[]): Promise<void> {
  for (const each of packages) await layPackage(base, each)
  await cp(join(root, 'node_modules/node/bin/node'), await placeFor(base, 'usr/bin/node'))
  const node = 'usr/share/doc/node/copyright'
  await cp(join(root, 'node_modules/node/LICENSE'), await placeFor(base, node)).catch(() =>
    rm(join(base, node), { force: true }),
  )
  await bundleHealth(await placeFor(base, 'usr/lib/heddle/ask-health.mjs'))
  const texts = {
    'etc/passwd': `root:x:0:0:root:/:/sbin/nologin\nheddle:x:${user}:${user}:heddle:/:/sbin/nologin\n`,
    'etc/group': `root:x:0:\nheddle:x:${user}:\n`,
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  }
  for (const [path, text] of Object.entries(texts)) await writeFile(await placeFor(base, path), text)
  for (const folder of ['tmp', 'etc/heddle', 'var/lib']) await mkdir(join(base, folder), { recursive: true })
}

async function layPackage(base: string, { name, file }: Provided): Promise<void> {
  await inNewFolder(async (folder: string) => {
    await unpackPackage(file, folder)
    for (const path of await filesIn(folder)) {
      if (leftOut.some((each) => each.test(path)) || (name === 'base-files' && !ofBaseFiles.test(path))) continue
      await cp(join(folder, path), await placeFor(base, path), { verbatimSymlinks: true })
    }
  })
  // Where scanners look for the packages of images that have no dpkg.
  const { stdout } = await run('dpkg-deb', ['-f', file])
  await writeFile(await placeFor(base, `var/lib/dpkg/status.d/${name}`), stdout)
}

async function layProgram(roots: string, target: Target): Promise<readonly string[]> {
  const { folder, word, make } = programs[target]
  const into = join(roots, target)
  const bundles = join(roots, '.bundle')
  const { program } = await make(bundles)
  const bundle = program.at(-1) ?? ''
  const names = (await readdir(dirname(bundle))).filter((name) => !name.endsWith('.map'))
  for (const name of names) await cp(join(dirname(bundle), name), await placeFor(into, `${folder}/${name}`))
  await cp(join(dirname(bundle), '../package.json'), join(into, dirname(folder), 'package.json'))
  // For whoever calls it in a container that runs: there is no shell that could.
  const script = `#!/usr/bin/node\nimport('/${folder}/${word}.mjs')\n`
  await writeFile(await placeFor(into, `usr/bin/${word}`), script)
  const packages = JSON.parse(await readFile(join(bundles, `${target}.packages.json`), 'utf8'))
  await rm(bundles, { recursive: true, force: true })
  return packages
}

async function bundleHealth(outfile: string): Promise<void> {
  const entryPoints = [join(root, 'setup/image/ask-health.ts')]
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    logLevel: 'warning',
  })
}

async function placeFor(base: string, path: string): Promise<string> {
  const place = join(base, path)
  await mkdir(dirname(place), { recursive: true })
  return place
}

/** Files and links below a folder, relative to it, sorted. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((each) => !each.isDirectory()).map((each) => join(each.parentPath, each.name))
  return paths.map((path) => path.slice(folder.length + 1)).sort()
}

/** Whoever made the folders, with whatever mask and at whatever time: the same modes and times. */
async function settle(into: string): Promise<void> {
  const entries = await readdir(into, { recursive: true, withFileTypes: true })
  for (const each of entries) {
    const path = join(each.parentPath, each.name)
    if (!each.isSymbolicLink()) await chmod(path, each.isDirectory() || (await isProgram(path)) ? 0o755 : 0o644)
  }
  await chmod(join(into, 'base/tmp'), 0o1777)
  // After everything else: making a file changes the time of its folder.
  for (const each of entries.toReversed()) await lutimes(join(each.parentPath, each.name), 0, 0)
  await lutimes(into, 0, 0)
}

async function isProgram(path: string): Promise<boolean> {
  const start = (await readFile(path)).subarray(0, 4).toString('latin1')
  return start.startsWith('#!') || start === '\x7fELF'
}
