import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP port on loopback that leads to others, as a cable or a balancer does, and that can be cut. */
export class Cable implements AsyncDisposable {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((from) => this.#join(from))
  #leadsTo: () => number
  #cut = false

  /** @param leadsTo the port that the next connection goes to */
  private constructor(leadsTo: () => number) {
    this.#leadsTo = leadsTo
  }

  static async to(leadsTo: () => number): Promise<Cable> {
    const cable = new Cable(leadsTo)
    cable.#server.listen(0, '127.0.0.1')
    await once(cable.#server, 'listening')
    return cable
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections go through it. */
  get connections(): number {
    return this.#sockets.size / 2
  }

  /** Ends what goes through it, and takes nothing any more. */
  cut(): void {
    this.#cut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  mend(): void {
    this.#cut = false
  }

  #join(from: Socket): void {
    if (this.#cut) return void from.destroy()
    const onward = connect({ port: this.#leadsTo(), host: '127.0.0.1' })
    for (const [socket, other] of [
      [from, onward],
      [onward, from],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.once('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }
}
