import { once } from 'node:events'
import { Agent, createServer, get, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export type BalancerOptions = {
  /** Ports of the gateways on loopback. */
  readonly gateways: readonly number[]
  readonly healthPath: string
  readonly everyMs?: number
}

type Behind = { readonly port: number; agent: Agent; up: boolean; same: number; sent: number }

/** As many answers of one kind in a row turn a gateway on or off. */
const inARow = 2

/**
 * A balancer in front of gateways, as small as one can be: it asks each for its health path, sends requests in turn to those that say 200, and
 * keeps its connections to them. It repeats nothing: whatever a gateway breaks, its client sees as 502.
 */
export class Balancer implements AsyncDisposable {
  readonly #behind: readonly Behind[]
  readonly #path: string
  readonly #timer: NodeJS.Timeout
  #turn = 0
  readonly failures: string[] = []
  readonly #server = createServer((incoming, response) => {
    const ready = this.#behind.filter(({ up }) => up)
    const chosen = ready[this.#turn % Math.max(1, ready.length)]
    this.#turn += 1
    if (!chosen) {
      response.writeHead(503).end()
      return
    }
    chosen.sent += 1
    const { method, url: path, headers } = incoming
    const { connection: _, ...rest } = headers
    const onward = request(
      { host: '127.0.0.1', port: chosen.port, method, path, headers: rest, agent: chosen.agent },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502)
        answer.pipe(response)
      },
    )
    onward.on('error', (error) => {
      this.failures.push(`port ${chosen.port}: ${error.message}`)
      response.writeHead(502).end()
    })
    incoming.pipe(onward)
  })

  constructor({ gateways, healthPath, everyMs = 50 }: BalancerOptions) {
    this.#path = healthPath
    this.#behind = gateways.map((port) => ({ port, agent: keeping(), up: false, same: 0, sent: 0 }))
    this.#timer = setInterval(() => {
      for (const each of this.#behind) void this.#look(each)
    }, everyMs)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ports of the gateways that it sends requests to now. */
  get up(): readonly number[] {
    return this.#behind.filter(({ up }) => up).map(({ port }) => port)
  }

  sentTo(port: number): number {
    return this.#behind.find((each) => each.port === port)?.sent ?? 0
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    for (const { agent } of this.#behind) agent.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #look(each: Behind): Promise<void> {
    const well = (await statusOf(each.port, this.#path)) === 200
    each.same = well === each.up ? 0 : each.same + 1
    if (each.same < inARow) return
    each.up = well
    each.same = 0
    if (well) return
    // It sends nothing more there, and so lets its idle connections go.
    const before = each.agent
    each.agent = keeping()
    for (const sockets of Object.values(before.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }
}

function keeping(): Agent {
  return new Agent({ keepAlive: true })
}

function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path, agent: false, timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () => resolve(0))
  })
}
