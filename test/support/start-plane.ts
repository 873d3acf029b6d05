import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '#cli/program.ts'
import type { NodeView } from '#shared/protocol/api.ts'
import type { DesiredView } from '#shared/protocol/orders-api.ts'
import { capturedTerminal } from './captured-terminal.ts'
import type { Folder } from './folder.ts'
import { temporaryFolder } from './folder.ts'
import { answers, Program, writeYaml } from './landscape/program.ts'
import { freePorts } from './ports.ts'
import { waitFor } from './wait.ts'

/** A real control plane process with a folder of its own and no datacenter, steered by the command line. */
export class RunningPlane implements AsyncDisposable {
  readonly url: string
  /** Where Envoys ask it. */
  readonly xdsPort: number
  readonly #program: Program
  readonly #folder: Folder
  /** Whose file the command line reads; undefined: callers need no token. */
  tokenFile: string | undefined

  private constructor(url: string, xdsPort: number, program: Program, folder: Folder) {
    this.url = url
    this.xdsPort = xdsPort
    this.#program = program
    this.#folder = folder
  }

  /**
   * @param declaration the routes, as YAML
   * @param settings of its configuration, besides those that it needs to run
   */
  static async start({
    declaration,
    settings = {},
  }: {
    readonly declaration?: string
    readonly settings?: object
  } = {}): Promise<RunningPlane> {
    const {
      routing = {},
      api = {},
      ...others
    }: { readonly routing?: object; readonly api?: { readonly port?: number } } = settings
    const folder = await temporaryFolder('plane')
    const [free = 0, xds = 0] = await freePorts(2)
    const { port = free } = api
    const url = `http://127.0.0.1:${port}`
    const routes = join(folder.path, 'routes.yaml')
    if (declaration !== undefined) await writeFile(routes, declaration)
    const file = await writeYaml(join(folder.path, 'plane.yaml'), {
      api: { ...api, port },
      routing: { xds: { port: xds }, ...(declaration === undefined ? {} : { declaration: routes }), ...routing },
      journal: { path: join(folder.path, 'journal.db') },
      ...others,
    })
    const plane = new RunningPlane(
      url,
      xds,
      new Program('plane', 'control-plane/main.ts', file, answers(`${url}/health`)),
      folder,
    )
    await plane.start()
    return plane
  }

  /** The file of its journal and its tables. */
  get store(): string {
    return join(this.#folder.path, 'journal.db')
  }

  get output(): string {
    return this.#program.output
  }

  /** Writes other routes, where it was started with some. */
  async declare(declaration: string): Promise<void> {
    await writeFile(join(this.#folder.path, 'routes.yaml'), declaration)
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

  /** Runs one command line against it. */
  async heddle(...args: readonly string[]) {
    const { terminal, out, err } = capturedTerminal({
      environment: { HEDDLE_PLANE: this.url, HEDDLE_TOKEN_FILE: this.tokenFile },
    })
    const code = await run(args, terminal)
    return { code, out: out(), err: err() }
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000) })
    return (await response.json()) as T
  }

  /** What its only node should do and says that it does, when it is as `until` wants it. */
  desired(what: string, until: (view: DesiredView) => boolean): Promise<DesiredView> {
    const look = async () => {
      const [node] = await this.get<NodeView[]>('/v1/nodes')
      if (!node) throw new Error('no node yet')
      return this.get<DesiredView>(`/v1/nodes/${node.id}/desired`)
    }
    return waitFor(look, { what, withinMs: 20_000, until, everyMs: 50 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}
