import { connect, type Socket } from 'node:net'

/** The answer to a request. Undefined status: there was none. */
export type Answered = { readonly status: number | undefined; readonly bytes: number }

const none: Answered = { status: undefined, bytes: 0 }

/** One kept connection that asks one thing after the other. HTTP by hand, so that what is measured is the server. */
export class Line {
  readonly #socket: Socket
  #done: ((answered: Answered) => void) | undefined
  #head = ''
  #status = 0
  /** Bytes of the body that are still to come; undefined: the head is not complete. */
  #left: number | undefined
  #bytes = 0

  constructor(port: number, onOpen: (line: Line) => void) {
    this.#socket = connect({ host: '127.0.0.1', port })
    this.#socket.setNoDelay(true)
    this.#socket.on('connect', () => onOpen(this))
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes))
    this.#socket.on('error', () => this.#finish(none))
    this.#socket.on('close', () => this.#finish(none))
  }

  get open(): boolean {
    return !this.#socket.destroyed
  }

  ask(request: Buffer, done: (answered: Answered) => void): void {
    this.#done = done
    this.#head = ''
    this.#left = undefined
    this.#bytes = 0
    if (this.open) this.#socket.write(request)
    else this.#finish(none)
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    let body = bytes.length
    if (this.#left === undefined) {
      const before = this.#head.length
      this.#head += bytes.toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#status = Number(this.#head.slice(9, 12))
      this.#left = Number(/\r\ncontent-length: (\d+)/i.exec(this.#head.slice(0, end + 2))?.[1] ?? 0)
      body = bytes.length - (end + 4 - before)
    }
    this.#bytes += body
    this.#left -= body
    if (this.#left <= 0) this.#finish({ status: this.#status, bytes: this.#bytes })
  }

  #finish(answered: Answered): void {
    const done = this.#done
    this.#done = undefined
    done?.(answered)
  }
}

/** So many connections; what finds none idle waits for one. */
export class Lines {
  readonly #idle: Line[] = []
  readonly #all: Line[]
  readonly #waiting: { readonly request: Buffer; readonly done: (answered: Answered) => void }[] = []
  readonly #opened: Promise<unknown>

  constructor(port: number, count: number) {
    const opened: Promise<void>[] = []
    this.#all = Array.from({ length: count }, () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      opened.push(promise)
      return new Line(port, (line) => {
        this.#idle.push(line)
        resolve()
      })
    })
    this.#opened = Promise.all(opened)
  }

  opened(): Promise<unknown> {
    return this.#opened
  }

  ask(request: Buffer, done: (answered: Answered) => void): void {
    const line = this.#idle.pop()
    if (line) this.#ask(line, request, done)
    else this.#waiting.push({ request, done })
  }

  close(): void {
    for (const line of this.#all) line.close()
  }

  #ask(line: Line, request: Buffer, done: (answered: Answered) => void): void {
    line.ask(request, (answered) => {
      done(answered)
      const next = this.#waiting.shift()
      if (next) this.#ask(line, next.request, next.done)
      else this.#idle.push(line)
    })
  }
}

export function requestOf(method: string, path: string, body?: object): Buffer {
  const text = body === undefined ? '' : JSON.stringify(body)
  const type = body === undefined ? '' : 'Content-Type: application/json\r\n'
  const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${type}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`
  return Buffer.from(`${head}${text}`)
}
