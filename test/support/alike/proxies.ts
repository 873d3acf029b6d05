import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toStaticBootstrap } from '#control-plane/routing/envoy/static-bootstrap.ts'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import type { RouteTable } from '#control-plane/routing/table.ts'
import { startEnvoy } from '../envoy.ts'
import { nginxConfiguration, startNginx } from '../nginx.ts'
import { freePorts } from '../ports.ts'
import { authorize, echo } from './echo.ts'
import type { Sent } from './request.ts'
import { type Seen, Sender } from './send.ts'
import { clients, type Places, serviceNames, tableOf, type World } from './world.ts'

/** Makes a proxy's table another one, as a faulty renderer would. */
export type Fault = (table: RouteTable) => RouteTable

/** The services that every world leads to, and the authorizer. */
export class Servers implements AsyncDisposable {
  readonly #open: AsyncDisposable[] = []
  services: readonly number[] = []
  authorizer = 0

  static async start(): Promise<Servers> {
    const servers = new Servers()
    for (const name of serviceNames) servers.services = [...servers.services, await servers.#listen(echo(name))]
    servers.authorizer = await servers.#listen(authorize)
    return servers
  }

  async #listen(answer: RequestListener): Promise<number> {
    const server = createServer(answer)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    this.#open.push({
      [Symbol.asyncDispose]: () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    })
    return (server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#open) await server[Symbol.asyncDispose]()
  }
}

/** By the place of the listener. */
type Ports = Readonly<Record<'envoy' | 'nginx', readonly number[]>>

/** An Envoy and an Nginx with the same world. */
export class Pair implements AsyncDisposable {
  /** The table as Envoy has it; that of Nginx differs in its ports. */
  readonly table: RouteTable
  readonly #stack: AsyncDisposableStack
  readonly #sender: Sender
  readonly #ports: Ports

  private constructor(table: RouteTable, stack: AsyncDisposableStack, ports: Ports) {
    this.table = table
    this.#stack = stack
    this.#ports = ports
    this.#sender = stack.use(new Sender())
  }

  static async start(world: World, servers: Servers, faultOfEnvoy: Fault = (table) => table): Promise<Pair> {
    await using stack = new AsyncDisposableStack()
    const each = clients.length + 1
    const free = await freePorts(2 * each)
    const ports = { envoy: free.slice(0, each), nginx: free.slice(each) }
    const at = (ports: readonly number[]): Places => ({
      ports,
      servers: servers.services,
      authorizer: `127.0.0.1:${servers.authorizer}`,
    })
    const table: RouteTable = { ...tableOf(world, at(ports.envoy)), proxy: 'envoy' }
    stack.use(await startEnvoy({ bootstrap: toStaticBootstrap(faultOfEnvoy(table)) }))
    const files = renderNginx({ ...tableOf(world, at(ports.nginx)), proxy: 'nginx' }, 1).files
    stack.use(await startNginx({ conf: nginxConfiguration(files.map(({ content }) => content).join('\n')) }))
    return new Pair(table, stack.move(), ports)
  }

  async send(sent: Sent): Promise<{ readonly envoy: Seen; readonly nginx: Seen }> {
    const [envoy, nginx] = await Promise.all([
      this.#sender.send(sent, this.#ports.envoy[sent.listener] ?? 0),
      this.#sender.send(sent, this.#ports.nginx[sent.listener] ?? 0),
    ])
    return { envoy, nginx }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}
