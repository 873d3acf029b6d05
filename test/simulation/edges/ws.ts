import { EventEmitter } from 'node:events'
import type { End } from '../models/network.ts'
import { networkOf } from '../models/surroundings.ts'
import { ownProcess, type Process } from '../time/world.ts'

const states = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const
const abnormal = 1006

type ClientOptions = { readonly handshakeTimeout?: number; readonly headers?: Readonly<Record<string, string>> }

/** What a server is shown of a connection that wants to be upgraded. */
export type Upgrade = {
  readonly url: string
  readonly protocol: string
  readonly headers: Readonly<Record<string, string>>
  readonly client: WebSocket
}

/** The package `ws` as far as we use it, over the simulated network. */
export class WebSocket extends EventEmitter {
  static readonly CONNECTING = states.CONNECTING
  static readonly OPEN = states.OPEN
  static readonly CLOSING = states.CLOSING
  static readonly CLOSED = states.CLOSED
  readonly OPEN = states.OPEN
  readonly protocol: string
  readyState: number = states.CONNECTING
  isPaused = false
  /** What came while it was not read. */
  #unread: string[] = []
  readonly #process: Process
  #end: End | undefined
  #peer: WebSocket | undefined

  /** @param url undefined: the server's side, which is opened by `open` */
  constructor(url: string | undefined, protocol = '', { handshakeTimeout = 5_000, headers = {} }: ClientOptions = {}) {
    super()
    this.protocol = protocol
    this.#process = ownProcess()
    if (url === undefined) return
    const { host, pathname } = new URL(url)
    const timer = setTimeout(() => this.fail('Opening handshake has timed out'), handshakeTimeout)
    this.once('open', () => clearTimeout(timer))
    this.once('close', () => clearTimeout(timer))
    const hello: Upgrade = { url: pathname, protocol, headers, client: this }
    networkOf(this.#process.world).connect(this.#process, host, hello, {
      open: (end) => this.#join(end),
      lost: () => this.fail(`connect ECONNREFUSED ${host}`),
    })
  }

  get bufferedAmount(): number {
    return this.#end?.bytesWaiting ?? 0
  }

  /** The server's side of an upgrade that was accepted. */
  static accept(end: End, { client, protocol }: Upgrade): WebSocket {
    const server = new WebSocket(undefined, protocol)
    server.#join(end)
    server.#peer = client
    server.readyState = states.OPEN
    end.send(() => client.#opened(server), 'opened')
    return server
  }

  send(text: string, sent?: (error?: Error) => void): void {
    const end = this.#end
    const peer = this.#peer
    if (this.readyState !== states.OPEN || !end || !peer) {
      sent?.(new Error('WebSocket is not open'))
      return
    }
    networkOf(this.#process.world).tap?.(this.#process, peer.#process, text)
    end.send(() => peer.#take(text), text)
    if (sent) setImmediate(() => sent())
  }

  ping(): void {
    const end = this.#end
    const peer = this.#peer
    if (this.readyState !== states.OPEN || !end || !peer) return
    end.send(() => {
      if (peer.readyState !== states.OPEN) return
      peer.emit('ping', Buffer.alloc(0))
      peer.#end?.send(() => this.readyState === states.OPEN && this.emit('pong', Buffer.alloc(0)), 'pong')
    }, 'ping')
  }

  close(code = 1005, why = ''): void {
    if (this.readyState === states.CONNECTING) {
      this.fail('closed before the connection was established')
      return
    }
    if (this.readyState !== states.OPEN) return
    this.readyState = states.CLOSING
    const peer = this.#peer
    this.#end?.send(() => {
      if (peer) peer.#asked(code, why)
    }, `close ${why}`)
  }

  terminate(): void {
    if (this.readyState === states.CLOSED) return
    if (this.readyState === states.CONNECTING) {
      this.fail('closed before the connection was established')
      return
    }
    this.#end?.close()
    this.readyState = states.CLOSING
    setImmediate(() => this.#closed(abnormal, ''))
  }

  /** The handshake did not come to an end. */
  fail(why: string): void {
    if (this.readyState !== states.CONNECTING) return
    this.readyState = states.CLOSING
    this.#end?.close()
    setImmediate(() => {
      this.emit('error', new Error(why))
      this.#closed(abnormal, '')
    })
  }

  #join(end: End): void {
    if (this.readyState === states.CLOSING || this.readyState === states.CLOSED) {
      end.close()
      return
    }
    this.#end = end
    end.onClose = (why) => {
      if (this.readyState === states.CONNECTING) return this.fail('socket hang up')
      if (why === 'reset') this.emit('error', new Error('read ECONNRESET'))
      this.#closed(abnormal, '')
    }
  }

  #opened(peer: WebSocket): void {
    if (this.readyState !== states.CONNECTING) return
    this.#peer = peer
    this.readyState = states.OPEN
    this.emit('open')
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    const unread = this.#unread
    this.#unread = []
    for (const text of unread) this.#take(text)
  }

  #take(text: string): void {
    if (this.isPaused) {
      this.#unread.push(text)
      return
    }
    // As the real one, it goes on reading while it waits for the other side to close, too.
    if (this.readyState === states.OPEN || this.readyState === states.CLOSING)
      this.emit('message', Buffer.from(text), false)
  }

  #asked(code: number, why: string): void {
    if (this.readyState === states.CLOSED) return
    const end = this.#end
    const peer = this.#peer
    if (this.readyState === states.OPEN && peer) end?.send(() => peer.#closed(code, why), 'closes, too')
    this.#closed(code, why)
  }

  #closed(code: number, why: string): void {
    if (this.readyState === states.CLOSED) return
    this.readyState = states.CLOSED
    const end = this.#end
    // What was sent before still arrives.
    end?.close()
    this.emit('close', code, Buffer.from(why))
  }
}

type ServerOptions = { readonly handleProtocols?: (offered: Set<string>) => string | false }

/** What `listen` shows a server as a request. */
export type UpgradeRequest = { readonly end: End; readonly upgrade: Upgrade }

export class WebSocketServer extends EventEmitter {
  readonly options: ServerOptions
  readonly clients = new Set<WebSocket>()

  constructor(options: ServerOptions) {
    super()
    this.options = options
  }

  handleUpgrade(
    { end, upgrade }: UpgradeRequest,
    _socket: unknown,
    _head: Buffer,
    done: (socket: WebSocket) => void,
  ): void {
    const socket = WebSocket.accept(end, upgrade)
    this.clients.add(socket)
    socket.once('close', () => this.clients.delete(socket))
    done(socket)
  }
}

/** Shows a connection to an HTTP server as its request to be upgraded. */
export function acceptUpgrade(server: EventEmitter, end: End, hello: unknown): void {
  const upgrade = hello as Upgrade
  const { url, protocol, headers, client } = upgrade
  const request = {
    url,
    headers: { ...headers, 'sec-websocket-protocol': protocol },
    socket: { remoteAddress: end.process.name },
    end,
    upgrade,
  }
  const refuse = (answer: string) =>
    end.send(() => client.fail(`Unexpected server response: ${answer.split(' ')[1]}`), 'refused')
  const nothing = () => {}
  const stream = Object.assign(new EventEmitter(), { cork: nothing, uncork: nothing, destroy: nothing, end: refuse })
  server.emit('upgrade', request, stream, Buffer.alloc(0))
}
