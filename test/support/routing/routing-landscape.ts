import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { RoutingView } from '#shared/protocol/routing-api.ts'
import { startXdsEnvoy } from '../envoy/xds-envoy.ts'
import { type Folder, temporaryFolder } from '../folder.ts'
import { programOf } from '../parts.ts'
import { freePort, freePorts } from '../ports.ts'
import { RunningAgent } from '../start-agent.ts'
import { RunningPlane } from '../start-plane.ts'
import { waitFor } from '../wait.ts'

const withinMs = 20_000

/**
 * A real plane, two real Envoys that ask it (gateways `edge-a` and `edge-b`), an agent with a real Nginx (gateway `side`) and one service
 * `web` with one instance. What is declared is the test's.
 */
export class RoutingLandscape implements AsyncDisposable {
  readonly plane: RunningPlane
  readonly agent: RunningAgent
  /** The ports that the gateways listen on. */
  readonly ports: Readonly<Record<'edge-a' | 'edge-b' | 'side', number>>
  readonly folder: Folder
  readonly #stack: AsyncDisposableStack

  private constructor(
    plane: RunningPlane,
    agent: RunningAgent,
    ports: RoutingLandscape['ports'],
    folder: Folder,
    stack: AsyncDisposableStack,
  ) {
    this.plane = plane
    this.agent = agent
    this.ports = ports
    this.folder = folder
    this.#stack = stack
  }

  /** @param watched whether the plane follows a file, the one that `write` writes */
  static async start({ watched = false }: { readonly watched?: boolean } = {}): Promise<RoutingLandscape> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder('routing-landscape'))
    const [a = 0, b = 0, side = 0] = await freePorts(3)
    const ports = { 'edge-a': a, 'edge-b': b, side }
    const plane = stack.use(await RunningPlane.start(watched ? { declaration: declared(ports) } : {}))
    const web = await serve((server) => stack.defer(() => close(server)))
    const services = [{ name: 'web', port: web, checks: [{ kind: 'http', path: '/', interval: '500ms' }] }]
    const gateway = {
      ...{ name: 'side', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
      ...{ proof: `127.0.0.1:${await freePort()}`, reloads_per_minute: 600, retry_every: '100ms' },
      ...(process.getuid?.() === 0 && { user: 'root' }),
    }
    const more = { gateways: [gateway] }
    const agent = stack.use(await RunningAgent.start({ planes: [plane.url], services, more }))
    // An Envoy that nobody has declared waits for its first answer.
    for (const cluster of ['edge-a', 'edge-b']) {
      stack.use(await startXdsEnvoy(plane.xdsPort, { cluster, id: `${cluster}-1`, until: 'admin' }))
    }
    return new RoutingLandscape(plane, agent, ports, folder, stack.move())
  }

  /** The gateways and one route `/web`, with `routes` after it. */
  declaration(routes = '', about: Parameters<typeof declared>[1] = {}): string {
    return declared(this.ports, about) + routes
  }

  /** Writes a declaration where the commands of a test find it, and answers with its path. */
  async write(text: string): Promise<string> {
    const path = join(this.folder.path, 'routes.yaml')
    await writeFile(path, text)
    return path
  }

  /** What a gateway answers to a path; 0: nothing. */
  async status(gateway: keyof RoutingLandscape['ports'], path: string): Promise<number> {
    const url = `http://127.0.0.1:${this.ports[gateway]}${path}`
    const headers = { connection: 'close' }
    try {
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) })
      await response.arrayBuffer()
      return response.status
    } catch {
      return 0
    }
  }

  answers(gateway: keyof RoutingLandscape['ports'], path: string, status: number): Promise<number> {
    const what = `${gateway} to answer ${path} with ${status}`
    return waitFor(() => this.status(gateway, path), { what, withinMs, until: (seen) => seen === status })
  }

  routing(what: string, until: (view: RoutingView) => boolean): Promise<RoutingView> {
    return waitFor(() => this.plane.get<RoutingView>('/v1/routing'), { what, withinMs, until, everyMs: 20 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

type Extras = { readonly edgeB?: string; readonly side?: string }

/** `edgeB` and `side`: further listeners of these gateways, as YAML. */
function declared(ports: RoutingLandscape['ports'], { edgeB = '', side = '' }: Extras = {}): string {
  const listener = (port: number) => `      - { address: 127.0.0.1, port: ${port} }\n`
  return `gateways:
  edge-a:
    proxy: envoy
    listeners:
${listener(ports['edge-a'])}  edge-b:
    proxy: envoy
    listeners:
${listener(ports['edge-b'])}${edgeB}  side:
    proxy: nginx
    listeners:
${listener(ports.side)}${side}routes:
  - { prefix: /web, service: web, path: keep }
`
}

async function serve(opened: (server: Server) => void): Promise<number> {
  const server = createServer((_, response) => response.end('{"status":"ok"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened(server)
  return (server.address() as AddressInfo).port
}

function close(server: Server): void {
  server.closeAllConnections()
  server.close()
}
