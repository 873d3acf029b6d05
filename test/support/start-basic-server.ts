import { join } from 'node:path'
import { projectFolder } from './parts.ts'
import { freePort } from './ports.ts'
import { type Ending, type RunningProcess, spawnProcess } from './process.ts'
import type { Mode } from './routing/behaviour.ts'

export type BasicServerOptions = {
  readonly name?: string
  readonly instance?: string
  /** A free one by default. */
  readonly port?: number
  /** The address that it listens on; loopback by default. */
  readonly host?: string
  readonly site?: string
  readonly keepAliveMs?: number
}

export type BasicServerStats = {
  readonly requests: number
  readonly health: number
  readonly inFlight: number
  /** Open now. */
  readonly connections: number
  /** Taken since the start. */
  readonly accepted: number
}

/** A Basic Server in a process of its own, which keeps its port over stop and start. */
export class BasicServer implements AsyncDisposable {
  readonly name: string
  readonly instance: string
  readonly port: number
  readonly url: string
  readonly #args: readonly string[]
  #process: RunningProcess | undefined

  constructor({
    name = 'basic-server',
    instance = 'a',
    port,
    host = '127.0.0.1',
    site = '',
    keepAliveMs = 5_000,
  }: Settled) {
    this.name = name
    this.instance = instance
    this.port = port
    this.url = `http://${host}:${port}`
    const options = { name, instance, port, host, site, 'keep-alive-ms': keepAliveMs }
    this.#args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)])
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  async start(): Promise<void> {
    if (this.#process?.running) return
    const program = join(projectFolder, 'test/support/basic-server.ts')
    const name = `${this.name} ${this.instance}`
    const server = await spawnProcess(process.execPath, [program, ...this.#args], { name })
    this.#process = server
    await server.ready('its first line', 10_000, () => server.output.includes('listening on'))
  }

  /** Changes how it behaves, at once for all requests that come after. */
  async switch(wanted: { readonly mode?: Mode; readonly name?: string; readonly delayMs?: number }): Promise<void> {
    const response = await fetch(`${this.url}/_switch`, { method: 'POST', body: JSON.stringify(wanted) })
    if (!response.ok) throw new Error(`${this.instance} did not take the switch: ${await response.text()}`)
  }

  async stats(): Promise<BasicServerStats> {
    const response = await fetch(`${this.url}/_stats`)
    return JSON.parse(await response.text())
  }

  /** SIGSTOP makes it hang with open sockets, as a process does that is swapped out or in a debugger. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(name)
  }

  /** Lets it finish what it has begun. */
  async stop(ending: Ending = {}): Promise<void> {
    await this.#process?.stop(ending)
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop({ withinMs: 2_000 })
  }
}

type Settled = BasicServerOptions & { readonly port: number }

export async function startBasicServer(options: BasicServerOptions = {}): Promise<BasicServer> {
  const server = new BasicServer({ ...options, port: options.port ?? (await freePort()) })
  await server.start()
  return server
}
