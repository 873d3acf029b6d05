import { createHash } from 'node:crypto'
import { chmod, cp, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { usage as agentUsage } from '../../agent/usage.ts'
import { createProgram } from '../../cli/program.ts'
import { usage as planeUsage } from '../../control-plane/admin/about.ts'
import { readLock } from '../supply-chain/npm.ts'
import { completionText } from './completion.ts'
import { licenceTexts, nodeLicence } from './licences.ts'
import { maintainerScripts } from './maintainer-scripts.ts'
import { type Package, type PackageName, packages } from './packages.ts'
import {
  changelogText,
  conffilesText,
  controlText,
  copyrightText,
  debianVersion,
  manualText,
  wrapperText,
} from './texts.ts'
import { must, root } from './tool.ts'

export type Build = {
  /** Where the packages are put; it is made if it is not there. */
  readonly into: string
  readonly version: string
  /** Seconds since 1970: the time of every file in them. */
  readonly epoch: number
  /** Default: all. */
  readonly only?: readonly PackageName[]
  /** From 1, quick and large, to 19. Default: 9 */
  readonly level?: number
}

/** Makes Debian packages; the same tree, version and time give the same bytes. Resolves with their paths. Rejects with ToolFailure. */
export async function buildPackages({ into, version, epoch, only, level = 9 }: Build): Promise<readonly string[]> {
  const architecture = (await must('dpkg', ['--print-architecture'])).trim()
  const work = await mkdtemp(join(tmpdir(), 'heddle-package-'))
  try {
    await mkdir(into, { recursive: true })
    const shared = { node: await stripped(join(work, 'node')), licences: await licences(), version, epoch }
    const made: string[] = []
    for (const of of packages.filter(({ name }) => only?.includes(name) ?? true)) {
      const tree = join(work, of.name)
      await lay(tree, of, shared)
      await control(tree, of, { version, architecture })
      const file = join(into, `${of.name}_${debianVersion(version)}_${architecture}.deb`)
      // Of one thread: with several, zstd gives other bytes.
      const packing = ['-Zzstd', `-z${level}`, '--threads-max=1', '--root-owner-group']
      await must('dpkg-deb', [...packing, '--build', tree, file], { SOURCE_DATE_EPOCH: String(epoch) })
      made.push(file)
    }
    return made
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

type Shared = { readonly node: string; readonly licences: Licences; readonly version: string; readonly epoch: number }
type Licences = { readonly node: string; readonly packages: string }

/** All files that are installed, with their modes. */
async function lay(tree: string, of: Package, { node, licences, version, epoch }: Shared): Promise<void> {
  const home = `usr/lib/${of.name}`
  const documents = `usr/share/doc/${of.name}`
  const put = async (path: string, text: string | Buffer, mode = 0o644) => {
    await mkdir(dirname(join(tree, path)), { recursive: true })
    await writeFile(join(tree, path), text, { mode })
  }
  await mkdir(join(tree, home, 'bin'), { recursive: true })
  await link(node, join(tree, home, 'bin/node'))
  for (const bundle of of.bundles) await bundle(join(tree, home))
  await put(
    `${home}/package.json`,
    `${JSON.stringify({ name: 'heddle', version, license: 'Apache-2.0', type: 'module' })}\n`,
  )
  await put(`usr/bin/${of.program.word}`, wrapperText(of), 0o755)
  for (const name of of.configuration)
    await put(`etc/heddle/${name}`, await readFile(join(import.meta.dirname, 'etc', name)))
  for (const { name } of of.units)
    await put(`usr/lib/systemd/system/${name}`, await readFile(join(root, 'systemd', name)))
  for (const [from, to] of Object.entries(of.documents))
    await cp(join(root, from), join(tree, documents, to), { recursive: true })
  const manual = manualText(of, usageOf(of.name), new Date(epoch * 1000))
  await put(`usr/share/man/man${of.section}/${of.program.word}.${of.section}.gz`, packed(manual))
  if (of.name === 'heddle-cli') await put('usr/share/bash-completion/completions/heddle', completionText(commandLine()))
  await put(`${documents}/copyright`, copyrightText())
  await put(`${documents}/node.LICENSE.gz`, packed(licences.node))
  await put(`${documents}/third-party-licences.gz`, packed(licences.packages))
  await put(`${documents}/changelog.gz`, packed(changelogText(of, version, epoch)))
  await tidy(tree, home)
}

/**
 * What is built of sources is smaller without the maps of them: they are three times the programs, and whoever needs them gets the same ones from the same
 * commit. Modes are the same whoever builds.
 */
async function tidy(tree: string, home: string): Promise<void> {
  for (const path of await filesIn(tree)) {
    const full = join(tree, path)
    if (path.endsWith('.map')) await rm(full)
    else if (path.endsWith('.mjs')) {
      const text = await readFile(full, 'utf8')
      await writeFile(full, text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'))
    }
  }
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const runs = entry.isDirectory() || path.startsWith(join(tree, 'usr/bin/')) || path === join(tree, home, 'bin/node')
    await chmod(path, runs ? 0o755 : 0o644)
  }
  await chmod(tree, 0o755)
}

async function control(
  tree: string,
  of: Package,
  { version, architecture }: { version: string; architecture: string },
) {
  const files = await filesIn(tree)
  const sizes = await Promise.all(files.map(async (path) => (await stat(join(tree, path))).size))
  const installedKib = sizes.reduce((total, size) => total + Math.ceil(size / 1024), 0)
  const folder = join(tree, 'DEBIAN')
  await mkdir(folder)
  const conffiles = conffilesText(of)
  const sums: string[] = []
  for (const path of files) {
    if (!conffiles.includes(`/${path}\n`)) {
      sums.push(
        `${createHash('md5')
          .update(await readFile(join(tree, path)))
          .digest('hex')}  ${path}\n`,
      )
    }
  }
  const texts = { control: controlText(of, { version, architecture, installedKib }), conffiles, md5sums: sums.join('') }
  for (const [name, text] of Object.entries(texts)) if (text !== '') await writeFile(join(folder, name), text)
  for (const [name, text] of Object.entries(maintainerScripts(of))) await writeFile(join(folder, name), text)
  for (const name of await readdir(folder))
    await chmod(join(folder, name), name in maintainerScripts(of) ? 0o755 : 0o644)
  await chmod(folder, 0o755)
}

/** Node as it is published holds symbols for debuggers, a fifth of it. */
async function stripped(into: string): Promise<string> {
  await cp(join(root, 'node_modules/node/bin/node'), into, { dereference: true })
  await must('strip', ['--strip-all', into])
  await chmod(into, 0o755)
  return into
}

async function licences(): Promise<Licences> {
  return { node: await nodeLicence(), packages: await licenceTexts(await readLock()) }
}

async function filesIn(tree: string): Promise<readonly string[]> {
  const entries = await readdir(tree, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => relative(tree, join(entry.parentPath, entry.name))).toSorted()
}

function usageOf(name: PackageName): string {
  if (name === 'heddle-cli') return commandLine().helpInformation()
  return name === 'heddle-agent' ? agentUsage : planeUsage
}

function commandLine() {
  const screen = { write: () => {}, isTerminal: false }
  const stop = new AbortController().signal
  const terminal = { out: screen, err: screen, environment: {}, user: '', now: () => 0, stop }
  return createProgram(terminal, () => {
    throw new Error('nothing is asked of a plane here')
  })
}

function packed(text: string): Buffer {
  return gzipSync(text, { level: 9 })
}
