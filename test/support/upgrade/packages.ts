import { execFile } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { hashOf } from '#agent/upgrade/fetch-release.ts'
import { type SignedRelease, signRelease } from '#shared/protocol/release.ts'
import { projectFolder } from '../parts.ts'

const run = promisify(execFile)

/** What becomes of an agent that is installed from a package: `well`, it does not start, it hangs, or it forgets its services. */
export type Fate = 'well' | 'dies' | 'hangs' | 'forgets'

/** A package of the agent, made by dpkg-deb, with what was signed of it. */
export type AgentPackage = {
  readonly file: string
  readonly version: string
  readonly signedFile: string
  readonly signed: SignedRelease
}

const entries: Readonly<Record<Exclude<Fate, 'well'>, string>> = {
  dies: "process.stderr.write('it cannot start\\n'); process.exit(1)\n",
  hangs: 'setInterval(() => {}, 1_000)\n',
  // As a version that reads its configuration wrongly.
  forgets: "process.argv[2] += '.forgets'; await import('./real.mjs')\n",
}

/** Makes packages of today's agent under any version, in a folder. */
export class PackageMaker {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Makes the program once. */
  async prepare(): Promise<void> {
    await build({
      entryPoints: { 'heddle-agent': join(projectFolder, 'agent/main.ts') },
      ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node26', logLevel: 'error' },
      outdir: join(this.#folder, 'program'),
      outExtension: { '.js': '.mjs' },
      banner: { js: "import { createRequire as $r } from 'node:module'; const require = $r(import.meta.url);" },
    })
  }

  async make(
    version: string,
    key: KeyObject,
    { fate = 'well', name = 'heddle-agent' }: { readonly fate?: Fate; readonly name?: string } = {},
  ): Promise<AgentPackage> {
    const debian = version.replace('-', '~')
    const root = join(this.#folder, `${name}-${version}-${fate}`)
    const home = join(root, 'usr/lib/heddle-agent')
    const control = join(root, 'DEBIAN')
    await mkdir(control, { recursive: true })
    await mkdir(join(root, 'etc/heddle'), { recursive: true })
    await cp(join(this.#folder, 'program'), join(home, 'agent'), { recursive: true })
    await writeFile(join(home, 'package.json'), JSON.stringify({ name: 'heddle', version, type: 'module' }))
    await writeFile(join(root, 'etc/heddle/example.yaml'), `version: ${version}\n`)
    if (fate !== 'well') {
      const entry = join(home, 'agent/heddle-agent.mjs')
      await rename(entry, join(home, 'agent/real.mjs'))
      await writeFile(entry, entries[fate])
    }
    await writeFile(join(control, 'conffiles'), '/etc/heddle/example.yaml\n')
    await writeFile(
      join(control, 'control'),
      `Package: ${name}\nVersion: ${debian}\nArchitecture: all\nMaintainer: Heddle <heddle@example.org>\nDescription: agent\n`,
    )
    const file = `${root}.deb`
    await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', root, file])
    await rm(root, { recursive: true })
    const signed = signRelease({ version, sha256: await hashOf(file), not_before: '2020-01-01T00:00:00.000Z' }, key)
    const signedFile = `${root}.json`
    await writeFile(signedFile, JSON.stringify(signed))
    return { file, version, signedFile, signed }
  }
}

/** The version of a package that dpkg has installed in a folder, and its state. */
export async function installedIn(root: string): Promise<string> {
  const status = await readFile(join(root, 'var/lib/dpkg/status'), 'utf8')
  const [, state, version] = /Status: (.*)\n(?:.*\n)*?Version: (.*)\n/.exec(status) ?? []
  return `${version}, ${state}`
}
