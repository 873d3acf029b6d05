import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { percentile } from '../result.ts'
import { answer, serveCommands } from '../worker/commands.ts'

// Users, each on a connection of its own that is kept, in a process of their own; HTTP by hand, so that the users cost little:
//   node load.ts

export type LoadCommand = {
  readonly do: 'drive'
  readonly port: number
  readonly path: string
  /** The header of every request. */
  readonly authorization: string
  readonly users: number
  readonly seconds: number
  /** Not counted, before the seconds. */
  readonly warmSeconds: number
  /** How long a user waits on average before the next request, evenly between half of that and one and a half. */
  readonly pauseMs: number
}

/** Times in milliseconds, from the first byte that was sent to the last of the answer. */
export type Driven = {
  readonly answered: number
  /** Answered otherwise than with 200, or not at all. */
  readonly failed: number
  readonly perSecond: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

const connectAtOnce = 50
const answersWithinMs = 10_000

async function drive({
  port,
  path,
  authorization,
  users,
  seconds,
  warmSeconds,
  pauseMs,
}: LoadCommand): Promise<Driven> {
  const request = Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\nOrigin: https://app.example.com\r\nAuthorization: ${authorization}\r\n\r\n`,
  )
  const took: number[] = []
  let failed = 0
  const startedAt = performance.now()
  // Connections are made before anything is counted.
  const countsFrom = startedAt + warmSeconds * 1_000
  const until = countsFrom + seconds * 1_000
  const wait = () => pauseMs * (0.5 + Math.random())
  const live = async (number: number) => {
    let user: User | undefined
    try {
      await pause(Math.floor(number / connectAtOnce) * 10 + wait())
      while (performance.now() < until) {
        user ??= await User.connect(port)
        const at = performance.now()
        const ok = await user.ask(request).catch(() => false)
        const endedAt = performance.now()
        if (at >= countsFrom && endedAt < until) {
          if (ok) took.push(endedAt - at)
          else failed += 1
        }
        if (!user.open) user = undefined
        if (pauseMs > 0) await pause(wait())
      }
    } catch {
      failed += 1
    } finally {
      user?.end()
    }
  }
  await Promise.all(Array.from({ length: users }, (_, number) => live(number)))
  return {
    answered: took.length,
    failed,
    perSecond: took.length / seconds,
    p50: percentile(took, 0.5),
    p95: percentile(took, 0.95),
    p99: percentile(took, 0.99),
  }
}

class User {
  open = true
  readonly #socket: Socket
  #done: ((ok: boolean) => void) | undefined
  #answer = ''

  static async connect(port: number): Promise<User> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new User(socket)
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setTimeout(answersWithinMs, () => this.end())
    socket.on('data', (bytes: Buffer) => this.#read(bytes.toString('latin1')))
    socket.on('error', () => this.end())
    socket.on('close', () => this.end())
  }

  /** Whether it was answered with 200. */
  ask(request: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#done = resolve
      if (this.open) this.#socket.write(request)
      else this.end()
    })
  }

  end(): void {
    this.open = false
    this.#socket.destroy()
    this.#finish(false)
  }

  #read(text: string): void {
    this.#answer += text
    const head = this.#answer.indexOf('\r\n\r\n')
    if (head < 0) return
    const fields = this.#answer.slice(0, head)
    const length = /\r\ncontent-length: (\d+)/i.exec(fields)?.[1]
    const whole =
      length === undefined ? this.#answer.endsWith('\r\n0\r\n\r\n') : this.#answer.length >= head + 4 + Number(length)
    if (!whole) return
    if (/\r\nconnection: close/i.test(fields)) this.open = false
    this.#answer = ''
    this.#finish(fields.startsWith('HTTP/1.1 200'))
  }

  #finish(ok: boolean): void {
    const done = this.#done
    this.#done = undefined
    done?.(ok)
  }
}

answer({ ready: true })
await serveCommands(drive)
