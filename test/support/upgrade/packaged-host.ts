import { execFile } from 'node:child_process'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Folder, temporaryFolder } from '../folder.ts'
import { writeYaml } from '../landscape/program.ts'
import { projectFolder } from '../parts.ts'
import { freePort } from '../ports.ts'
import { type RunningProcess, spawnProcess } from '../process.ts'
import type { AgentPackage } from './packages.ts'

const run = promisify(execFile)

export type PackagedHostOptions = {
  readonly name: string
  readonly planes: readonly string[]
  readonly services?: readonly object[]
  /** Files of public keys that the agent and root trust. */
  readonly keys: { readonly agent: readonly string[]; readonly root: readonly string[] }
  readonly package: AgentPackage
  /** Of the agent's configuration. */
  readonly more?: object
  /** How long a new agent has to be well; default: 12 s. */
  readonly wellWithin?: string
}

/**
 * A host on which the agent is installed as a package, by the real dpkg, in a folder of its own: this plays what systemd does there. It starts the
 * agent again when it ends, and starts the installer when the agent has handed something over.
 */
export class PackagedHost implements AsyncDisposable {
  readonly root: string
  readonly adminUrl: string
  /** What the installer wrote. */
  installerSaid = ''
  /** Every time that the agent was started. */
  starts = 0
  readonly #folder: Folder
  readonly #stop = new AbortController()
  #agent: RunningProcess | undefined
  #installer: RunningProcess | undefined
  #loops: readonly Promise<void>[] = []

  private constructor(folder: Folder, adminUrl: string) {
    this.#folder = folder
    this.root = join(folder.path, 'root')
    this.adminUrl = adminUrl
  }

  static async start({
    name,
    planes,
    services = [],
    keys,
    more = {},
    wellWithin = '12s',
    ...options
  }: PackagedHostOptions): Promise<PackagedHost> {
    const folder = await temporaryFolder(`host-${name}`)
    const port = await freePort()
    const host = new PackagedHost(folder, `http://127.0.0.1:${port}`)
    await mkdir(join(host.root, 'var/lib/dpkg/info'), { recursive: true })
    await mkdir(join(host.root, 'var/lib/dpkg/updates'), { recursive: true })
    await writeFile(join(host.root, 'var/lib/dpkg/status'), '')
    await run('dpkg', [`--root=${host.root}`, '--install', options.package.file])
    const outcome = join(folder.path, 'run/outcome.json')
    const stateDir = join(folder.path, 'state')
    const base = {
      ...{ planes, state_dir: stateDir, admin: { port }, discovery: { enabled: false } },
      node: { name, machine: `machine-${name}` },
      upgrade: { keys: keys.agent, outcome },
      ...more,
    }
    await writeYaml(host.#agentFile, { ...base, services })
    await writeYaml(`${host.#agentFile}.forgets`, base)
    await writeYaml(host.#installerFile, {
      keys: keys.root,
      inbox: join(stateDir, 'upgrade'),
      state_dir: join(folder.path, 'installer'),
      outcome,
      health: `${host.adminUrl}/health`,
      ...{ well_within: wellWithin, well_for: '2s', root: host.root },
      restart: ['/bin/sh', '-c', `kill -TERM $(cat ${join(folder.path, 'agent.pid')}) || true`],
    })
    // As at the start of the machine.
    await host.install()
    host.#loops = [host.#keepAgent(), host.#keepInstaller(join(stateDir, 'upgrade/wanted.json'))]
    return host
  }

  get #agentFile(): string {
    return join(this.#folder.path, 'agent.yaml')
  }

  get #installerFile(): string {
    return join(this.#folder.path, 'upgrade.yaml')
  }

  get agentOutput(): string {
    return this.#agent?.output ?? ''
  }

  /** The version that the agent says it is; undefined: it does not answer. */
  async version(): Promise<string | undefined> {
    const response = await fetch(`${this.adminUrl}/health`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    )
    return response && ((await response.json()) as { version: string }).version
  }

  /** Runs the installer once. */
  async install(): Promise<void> {
    const installer = await spawnProcess(
      process.execPath,
      [join(projectFolder, 'agent/installer/main.ts'), this.#installerFile],
      { name: 'installer' },
    )
    this.#installer = installer
    await installer.exited
    this.installerSaid += installer.output
  }

  /** As a power cut does, while the installer is at work. */
  killInstaller(): boolean {
    if (!this.#installer?.running) return false
    this.#installer.signal('SIGKILL')
    return true
  }

  async #keepAgent(): Promise<void> {
    const { signal } = this.#stop
    const program = join(this.root, 'usr/lib/heddle-agent/agent/heddle-agent.mjs')
    while (!signal.aborted) {
      this.starts += 1
      const agent = await spawnProcess(process.execPath, [program, this.#agentFile], {
        name: 'agent',
        orphanSignal: 'TERM',
      })
      this.#agent = agent
      await writeFile(join(this.#folder.path, 'agent.pid'), String(agent.pid))
      await agent.exited
      await pause(200, undefined, { signal }).catch(() => {})
    }
  }

  async #keepInstaller(wanted: string): Promise<void> {
    const { signal } = this.#stop
    let seen = ''
    while (!signal.aborted) {
      const text = await import('node:fs/promises').then(({ readFile }) => readFile(wanted, 'utf8')).catch(() => '')
      if (text !== '' && text !== seen) await this.install()
      seen = text
      await pause(50, undefined, { signal }).catch(() => {})
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.killInstaller()
    await this.#agent?.stop()
    await Promise.all(this.#loops)
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** Why packages cannot be installed here; false: they can. */
export async function whyNoDpkg(): Promise<string | false> {
  if (process.getuid?.() !== 0) return 'only root can have dpkg install'
  return access('/usr/bin/dpkg-deb').then(
    () => false,
    () => 'there is no dpkg here',
  )
}
