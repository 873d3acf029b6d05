import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A server on loopback that does with each connection what it is told. Its end takes all connections along. */
export class Peer implements AsyncDisposable {
  readonly #server = createServer((socket) => {
    this.#open.add(socket)
    socket.on('error', () => {}).on('close', () => this.#open.delete(socket))
    this.serve(socket)
  })
  readonly #open = new Set<Socket>()
  serve: (socket: Socket) => void

  private constructor(serve: (socket: Socket) => void) {
    this.serve = serve
  }

  static async start(serve: (socket: Socket) => void): Promise<Peer> {
    const peer = new Peer(serve)
    await new Promise<void>((resolve) => peer.#server.listen(0, '127.0.0.1', resolve))
    return peer
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
