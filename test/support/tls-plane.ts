import { readFile } from 'node:fs/promises'
import { type Agent, request } from 'node:https'
import { join } from 'node:path'
import type { Folder } from './folder.ts'
import { temporaryFolder } from './folder.ts'
import { Program, writeYaml } from './landscape/program.ts'
import { freePorts } from './ports.ts'

export type Asked = { readonly status: number; readonly body: string }

export type TlsQuestion = {
  readonly method?: string
  readonly body?: object
  /** PEM. */
  readonly cert?: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Keeps connections; left out: each question has its own. */
  readonly agent?: Agent
}

/** A real control plane process that is asked over TLS, with a folder of its own. */
export class TlsPlane implements AsyncDisposable {
  readonly url: string
  readonly xdsPort: number
  readonly folder: string
  readonly #program: Program
  readonly #owned: Folder

  private constructor(url: string, xdsPort: number, program: Program, owned: Folder) {
    this.url = url
    this.xdsPort = xdsPort
    this.folder = owned.path
    this.#program = program
    this.#owned = owned
  }

  static async start(settings: Readonly<Record<string, object>> = {}): Promise<TlsPlane> {
    const owned = await temporaryFolder('tls-plane')
    const [port = 0, xds = 0] = await freePorts(2)
    const { api = {}, routing = {}, ...others } = settings
    const url = `https://127.0.0.1:${port}`
    const file = await writeYaml(join(owned.path, 'plane.yaml'), {
      api: { port, tls: true, ...api },
      routing: { xds: { port: xds, tls: true }, ...routing },
      journal: { path: join(owned.path, 'journal.db') },
      access: { required: false },
      ...others,
    })
    const program = new Program('plane', 'control-plane/main.ts', file, async () => {
      return (await askTls(`${url}/health`).catch(() => undefined)) !== undefined
    })
    const plane = new TlsPlane(url, xds, program, owned)
    await program.start()
    return plane
  }

  /** The file with the first enrolment token. */
  get tokenFile(): string {
    return join(this.folder, 'enrolment-token')
  }

  get pid(): number | undefined {
    return this.#program.pid
  }

  get output(): string {
    return this.#program.output
  }

  /** All that it trusts, PEM. */
  async trust(): Promise<string> {
    const { trust } = JSON.parse((await this.ask('/v1/identity')).body)
    return trust
  }

  ask(path: string, question: TlsQuestion = {}): Promise<Asked> {
    return askTls(`${this.url}${path}`, question)
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse((await this.ask(path)).body) as T
  }

  token(): Promise<string> {
    return readFile(this.tokenFile, 'utf8')
  }

  async start(): Promise<void> {
    await this.#program.start()
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]()
    await this.#owned[Symbol.asyncDispose]()
  }
}

/** Asks whoever it is: whose certificate is shown does not matter. */
export function askTls(url: string, { method = 'GET', body, headers: more, ...tls }: TlsQuestion = {}): Promise<Asked> {
  const { promise, resolve, reject } = Promise.withResolvers<Asked>()
  const headers = { ...more, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const signal = AbortSignal.timeout(20_000)
  const asked = request(url, { method, headers, signal, agent: false, rejectUnauthorized: false, ...tls }, (answer) => {
    let text = ''
    answer.setEncoding('utf8')
    answer.on('data', (chunk: string) => {
      text += chunk
    })
    answer.on('error', reject)
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
  })
  asked.on('error', reject)
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  return promise
}
