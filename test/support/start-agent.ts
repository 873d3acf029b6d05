import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Folder } from './folder.ts'
import { temporaryFolder } from './folder.ts'
import { answers, Program, writeYaml } from './landscape/program.ts'
import { freePort } from './ports.ts'

export type AgentOptions = {
  readonly planes: readonly string[]
  readonly services?: readonly object[]
  readonly more?: object
  /** A free one by default. */
  readonly adminPort?: number
}

/** What tests make, gateways may write and read. */
function withAllowed(base: object): object {
  const allow = { logs: [tmpdir()], certificates: [tmpdir()] }
  if (!('gateways' in base) || !Array.isArray(base.gateways)) return base
  return { ...base, gateways: base.gateways.map((gateway: object) => ({ allow, ...gateway })) }
}

/** A real agent process with its own folder; its configuration can be written anew. */
export class RunningAgent implements AsyncDisposable {
  readonly adminUrl: string
  readonly stateDir: string
  readonly file: string
  readonly #program: Program
  readonly #folder: Folder
  readonly #base: object

  private constructor(folder: Folder, adminPort: number, base: object, program: Program) {
    this.#folder = folder
    this.#base = base
    this.#program = program
    this.adminUrl = `http://127.0.0.1:${adminPort}`
    this.stateDir = join(folder.path, 'state')
    this.file = join(folder.path, 'agent.yaml')
  }

  static async start({ planes, services = [], more = {}, ...rest }: AgentOptions): Promise<RunningAgent> {
    const folder = await temporaryFolder('agent')
    const adminPort = rest.adminPort ?? (await freePort())
    // What other tests run on this machine is none of its business, unless it is what is tested.
    const discovery = { enabled: false }
    const base = { planes, state_dir: join(folder.path, 'state'), admin: { port: adminPort }, discovery, ...more }
    const file = await writeYaml(join(folder.path, 'agent.yaml'), { ...withAllowed(base), services })
    const program = new Program('agent', 'agent/main.ts', file, answers(`http://127.0.0.1:${adminPort}/health`))
    const agent = new RunningAgent(folder, adminPort, base, program)
    await program.start()
    return agent
  }

  get pid(): number | undefined {
    return this.#program.pid
  }

  get output(): string {
    return this.#program.output
  }

  /** Writes other services into its configuration; SIGHUP makes it read them. */
  async configure(services: readonly object[] | string): Promise<void> {
    await writeYaml(this.file, { ...withAllowed(this.#base), services })
  }

  signal(name: NodeJS.Signals): void {
    this.#program.signal(name)
  }

  async start(): Promise<void> {
    await this.#program.start()
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }

  async kill(): Promise<void> {
    await this.#program.kill()
  }

  async page(path: '/health' | '/metrics'): Promise<string> {
    const response = await fetch(`${this.adminUrl}${path}`, { signal: AbortSignal.timeout(5_000) })
    return response.text()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}
