import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** How a relay reads what the plane says: as it comes, not at all, or a byte each second. */
export type ReadingPace = 'fast' | 'never' | 'byte a second'

type Way = { readonly client: Socket; readonly plane: Socket }

/**
 * Stands between a client and a plane. What the client says goes on at once; what the plane says is read at a pace of its own, so that its
 * socket there fills up as that of any slow reader.
 */
export class SlowRelay implements AsyncDisposable {
  readonly port: number
  readonly #server: ReturnType<typeof createServer>
  readonly #ways = new Set<Way>()
  #pace: ReadingPace = 'fast'
  #dripping: NodeJS.Timeout | undefined
  /** Connections that the plane has ended. */
  ended = 0

  private constructor(port: number, server: ReturnType<typeof createServer>) {
    this.port = port
    this.#server = server
  }

  static async start(planePort: number): Promise<SlowRelay> {
    // Nothing is read ahead of what is passed on.
    const server = createServer({ highWaterMark: 1_024 }, (client) => {
      const plane = connect({ port: planePort, host: '127.0.0.1', readableHighWaterMark: 1_024 } as never)
      relay.#join({ client, plane })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const relay = new SlowRelay((server.address() as AddressInfo).port, server)
    return relay
  }

  read(pace: ReadingPace): void {
    this.#pace = pace
    clearInterval(this.#dripping)
    for (const way of this.#ways) this.#pass(way)
    if (pace !== 'byte a second') return
    this.#dripping = setInterval(() => {
      for (const { client, plane } of this.#ways) {
        const byte: Buffer | null = plane.read(1)
        if (byte) client.write(byte)
      }
    }, 1_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#dripping)
    for (const { client, plane } of this.#ways) {
      client.destroy()
      plane.destroy()
    }
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #join(way: Way): void {
    const { client, plane } = way
    this.#ways.add(way)
    for (const socket of [client, plane]) socket.on('error', () => {})
    client.on('data', (bytes: Buffer) => plane.write(bytes))
    client.on('close', () => plane.destroy())
    plane.on('readable', () => this.#pass(way))
    plane.on('close', () => {
      this.#ways.delete(way)
      if (!client.destroyed) this.ended += 1
      client.destroy()
    })
  }

  #pass({ client, plane }: Way): void {
    if (this.#pace !== 'fast') return
    for (let bytes: Buffer | null = plane.read(); bytes; bytes = plane.read()) client.write(bytes)
  }
}
