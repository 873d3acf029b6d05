import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TokenMadeView } from '#shared/access/api.ts'
import type { Role } from '#shared/access/permissions.ts'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { answers, writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { type RunningProcess, spawnProcess } from '#test/support/process.ts'

const declaration = `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: 1 }] }
routes:
${Array.from({ length: 20 }, (_, index) => `  - { prefix: /r${index}, service: s${index}, path: keep }`).join('\n')}
`
/** It lives with no more: what keeps what it is sent does not. */
const mostHeapMiB = 160

/** A real plane that is sent whatever there is, and must not mind. It asks callers for tokens, and nodes for nothing. */
export class FuzzedPlane implements AsyncDisposable {
  readonly port: number
  readonly xdsPort: number
  readonly #process: RunningProcess
  readonly #folder: Folder
  readonly #admin: string
  #soundUpTo = 0

  private constructor(ports: readonly number[], process: RunningProcess, folder: Folder, admin: string) {
    const [port = 0, xdsPort = 0] = ports
    this.port = port
    this.xdsPort = xdsPort
    this.#process = process
    this.#folder = folder
    this.#admin = admin
  }

  static async start(): Promise<FuzzedPlane> {
    const folder = await temporaryFolder('fuzz')
    const ports = await freePorts(2)
    const [port = 0, xds = 0] = ports
    const store = join(folder.path, 'journal.db')
    const routes = join(folder.path, 'routes.yaml')
    await writeFile(routes, declaration)
    const file = await writeYaml(join(folder.path, 'plane.yaml'), {
      api: { port },
      access: { required: true },
      routing: { xds: { port: xds }, declaration: routes },
      journal: { path: store },
      logging: { level: 'error' },
    })
    const planted = join(import.meta.dirname, 'plant-in-process.ts')
    const program = join(projectFolder, 'control-plane/main.ts')
    const args = [`--max-old-space-size=${mostHeapMiB}`, '--import', planted, program, file]
    const process = await spawnProcess(globalThis.process.execPath, args, { name: 'plane', orphanSignal: 'TERM' })
    await process.ready('its own health page', 20_000, answers(`http://127.0.0.1:${port}/health`))
    const first = (await readFile(`${store}-first-token`, 'utf8')).trim()
    const admin = await make(port, first, 'admin')
    return new FuzzedPlane(ports, process, folder, admin)
  }

  /** A token of this role. */
  token(role: Role): Promise<string> {
    return make(this.port, this.#admin, role)
  }

  /** What an admin is answered. Rejects unless it is 200. */
  async ask(path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      headers: { authorization: `Bearer ${this.#admin}` },
      signal: AbortSignal.timeout(20_000),
    })
    if (response.status !== 200)
      throw new Error(`${path} is answered with ${response.status}: ${await response.text()}`)
    return response.json()
  }

  /** Throws unless it lives, answers, and has logged no error since it was asked last. */
  async needSound(): Promise<void> {
    const { output, running } = this.#process
    if (!running) throw new Error(`the plane has ended: ${output.slice(-4_000)}`)
    const said = output.slice(this.#soundUpTo)
    this.#soundUpTo = output.length
    const errors = said.split('\n').filter((line) => /"level":"(error|fatal)"/.test(line))
    if (errors.length > 0) throw new Error(`the plane says ${errors.slice(0, 3).join('\n')}`)
    await this.ask('/v1/status')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}

async function make(port: number, by: string, role: Role): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: role, role, reason: 'fuzz' }),
    signal: AbortSignal.timeout(20_000),
  })
  if (response.status !== 200) throw new Error(`no token: ${response.status} ${await response.text()}`)
  const { token } = (await response.json()) as TokenMadeView
  return token
}
