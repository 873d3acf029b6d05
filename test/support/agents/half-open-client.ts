import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Asks for an upgrade, and never closes its half of the connection. */
export class HalfOpenClient implements Disposable {
  readonly #socket: Socket
  readonly #ended: Promise<unknown>
  #text = ''

  constructor(port: number, path: string, headers: readonly string[] = []) {
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.#socket.on('error', () => {})
    this.#socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
    })
    this.#ended = Promise.race([once(this.#socket, 'end'), once(this.#socket, 'close')])
    const asked = [`GET ${path} HTTP/1.1`, 'Host: here', 'Connection: Upgrade', 'Upgrade: websocket', ...headers]
    this.#socket.write(`${asked.join('\r\n')}\r\n\r\n`)
  }

  /** What it has been told when the other side has closed its half. */
  async answered(): Promise<string> {
    await this.#ended
    return this.#text
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}
