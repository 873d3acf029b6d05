import { writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Routing, startRouting } from '#control-plane/routing/start.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { startXdsEnvoy } from '../envoy/xds-envoy.ts'
import type { EnvoyServer } from '../envoy.ts'
import { temporaryFolder } from '../folder.ts'
import { freePort } from '../ports.ts'
import { MemoryVersions } from './memory-versions.ts'
import { RoutingFleet } from './routing-fleet.ts'

/** Routing with a fleet in memory, a declaration in a file, and a port for a real Envoy to listen on. */
export class Routed implements AsyncDisposable {
  readonly world = new RoutingFleet()
  readonly file: string
  readonly port: number
  readonly warnings: string[] = []
  /** It outlives `stop`, as a database does. */
  readonly store = new MemoryVersions()
  readonly #log: Logger
  readonly #stack: AsyncDisposableStack
  #routing: Routing | undefined
  #xdsPort = 0

  constructor(file: string, port: number, stack: AsyncDisposableStack) {
    this.file = file
    this.port = port
    this.#stack = stack
    this.#log = pino({ level: 'warn' }, { write: (line: string) => this.warnings.push(line) })
  }

  get routing(): Routing {
    if (!this.#routing) throw new Error('routing is stopped')
    return this.#routing
  }

  async declare(routes: string): Promise<void> {
    const gateway = `gateways:\n  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${this.port} }] }\n`
    await this.declareAll(gateway + routes)
  }

  async declareAll(text: string): Promise<void> {
    await writeFile(this.file, text)
  }

  /** Starts it, also again after `stop`, then on the same port. */
  async start(): Promise<void> {
    const xds = { address: '127.0.0.1', port: this.#xdsPort, insecure: false }
    const config = { declaration: this.file, compare_files_every: 60_000, gather: 20, compare_every: 60_000, xds }
    const signal = new AbortController().signal
    this.#routing = await startRouting(config, { fleet: this.world.fleet, log: this.#log, store: this.store, signal })
    this.#xdsPort = this.#routing.port
  }

  async stop(): Promise<void> {
    await this.#routing?.[Symbol.asyncDispose]()
    this.#routing = undefined
  }

  /** A real Envoy of this gateway, which is ended with the rest. */
  async envoy(options: Parameters<typeof startXdsEnvoy>[1] = {}): Promise<EnvoyServer> {
    return this.#stack.use(await startXdsEnvoy(this.#xdsPort, options))
  }

  /** Asks through the proxy. `body` is the whole answer. */
  async ask(path: string, init: RequestInit = {}) {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      signal: AbortSignal.timeout(5_000),
      ...init,
    })
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() }
  }

  /** A server on a free port of loopback, which is ended with the rest. */
  async server(listener: RequestListener): Promise<{ readonly server: Server; readonly port: number }> {
    const server = createServer(listener)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#stack.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    return { server, port: typeof address === 'object' ? (address?.port ?? 0) : 0 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
    await this.stop()
  }
}

export async function startRouted(routes: string): Promise<Routed> {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder('routed'))
  const routed = new Routed(join(folder.path, 'routes.yaml'), await freePort(), stack)
  await routed.declare(routes)
  await routed.start()
  return routed
}
