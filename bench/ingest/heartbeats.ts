import { readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { lagMs, offer } from './offer.ts'

// Clients in one process: heartbeats over kept connections, one at a time on each. HTTP by hand, so that what is measured is the server.

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    connections: { type: 'string' },
    rate: { type: 'string' },
    seconds: { type: 'string' },
    warm: { type: 'string' },
    /** Whose event-loop lag is told; left out for what is no plane. */
    plane: { type: 'string' },
    method: { type: 'string' },
    /** A file with one path a line. */
    paths: { type: 'string' },
  },
})
const { port = '8888', connections = '100', rate = '1000', seconds = '10', method = 'POST', warm = '0' } = values
const paths = (await readFile(values.paths ?? '', 'utf8')).trim().split('\n')
const requests = paths.map((path) =>
  Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`),
)

type Waiting = { readonly request: Buffer; readonly done: (ok: boolean) => void }

const queue: Waiting[] = []
const idle: Line[] = []

class Line {
  readonly #socket: Socket
  #done: ((ok: boolean) => void) | undefined
  #answer = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes) => this.#read(bytes.toString('latin1')))
    socket.on('error', () => this.#finish(false))
  }

  ask({ request, done }: Waiting): void {
    this.#done = done
    this.#socket.write(request)
  }

  #read(text: string): void {
    this.#answer += text
    const head = this.#answer.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = /content-length: (\d+)/i.exec(this.#answer.slice(0, head))?.[1]
    if (length === undefined || this.#answer.length < head + 4 + Number(length)) return
    const ok = this.#answer.startsWith('HTTP/1.1 200')
    this.#answer = ''
    this.#finish(ok)
  }

  #finish(ok: boolean): void {
    const done = this.#done
    this.#done = undefined
    done?.(ok)
    const next = queue.shift()
    if (next) this.ask(next)
    else idle.push(this)
  }
}

for (let index = 0; index < Number(connections); index += 1) {
  const socket = connect({ host: '127.0.0.1', port: Number(port) })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  idle.push(new Line(socket))
}
let next = 0
const offered = await offer({
  perSecond: Number(rate),
  seconds: Number(seconds),
  warmSeconds: Number(warm),
  onWarm: () => {
    // What a server could not take while it warmed up is not held against it.
    queue.length = 0
    return lagMs(values.plane)
  },
  send: (done) => {
    const request = requests[next]
    next = (next + 1) % requests.length
    if (!request) return done(false)
    const line = idle.pop()
    if (line) line.ask({ request, done })
    else queue.push({ request, done })
  },
})
process.stdout.write(`${JSON.stringify({ ...offered, lagMs: await lagMs(values.plane) })}\n`, () => process.exit(0))
