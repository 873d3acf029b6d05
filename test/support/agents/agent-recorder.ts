import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import {
  type AgentMessage,
  type Desired,
  type InstanceReport,
  mostMessageBytes,
  type PlaneMessage,
  sessionPath,
  subprotocol,
} from '#shared/protocol/messages.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { type Waiting, waitFor } from '../wait.ts'

type Type = AgentMessage['type']
type Of<T extends Type> = Extract<AgentMessage, { type: T }>
/** A message and when it arrived, by this process's monotonic clock in milliseconds. */
export type Heard<T extends Type = Type> = { readonly at: number; readonly session: number; readonly message: Of<T> }

/** A plane that only listens: takes agents' sessions, keeps all they say with its time, and acknowledges. */
export class AgentRecorder implements AsyncDisposable {
  readonly url: string
  readonly heard: Heard[] = []
  /** Why each session ended, as its close code. */
  readonly ends: number[] = []
  /** What new sessions are told at once. */
  desired: Partial<Desired> = { admissions: {}, gateways: {}, probes: {} }
  /** Answers the next hellos with this instead of a welcome. */
  refusal: Extract<PlaneMessage, { type: 'refused' }> | undefined
  acknowledging = true
  /** What it calls itself. */
  name = 'recorder'
  /** Takes what happened in the past, as planes of this version do. */
  takesHistory = true
  #sessions = 0
  #current: WebSocket | undefined
  readonly #server: WebSocketServer

  private constructor(server: WebSocketServer) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => this.#take(socket))
  }

  static async start(port = 0): Promise<AgentRecorder> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port,
      path: sessionPath,
      perMessageDeflate: false,
      maxPayload: mostMessageBytes,
      handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
    })
    await once(server, 'listening')
    return new AgentRecorder(server)
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  get sessions(): number {
    return this.#sessions
  }

  all<T extends Type>(type: T): readonly Heard<T>[] {
    return this.heard.filter(({ message }) => message.type === type) as unknown as readonly Heard<T>[]
  }

  /** Every verdict told of an instance, in order: `passing ok`, `critical refused`, ... */
  verdicts(id?: string): readonly { readonly at: number; readonly says: string; readonly told: InstanceReport }[] {
    return this.all('report').flatMap(({ at, message }) =>
      (message.instances ?? [])
        .filter((told) => id === undefined || told.id === id)
        .map((told) => ({ at, says: `${told.health} ${reasonText(told.reason)}`, told })),
    )
  }

  /** Waits for the first verdict (after `from`) that begins with `says`. */
  async verdict(
    says: string,
    { from = 0, withinMs = 10_000, id }: { from?: number; withinMs?: number; id?: string } = {},
  ) {
    const look = () => this.verdicts(id).find((verdict) => verdict.at >= from && verdict.says.startsWith(says))
    const found = await waitFor(look, { what: `the verdict "${says}"`, withinMs, everyMs: 2 })
    if (found === undefined) throw new Error('unreachable')
    return found
  }

  async until<T>(look: () => T, waiting: Waiting<T>): Promise<T> {
    return waitFor(look, { everyMs: 2, ...waiting })
  }

  send(message: PlaneMessage): void {
    this.#current?.send(JSON.stringify(message))
  }

  want(desired: Partial<Desired>): void {
    this.send({ type: 'desired', whole: false, desired })
  }

  /** Cuts the current session without a word. */
  cut(): void {
    this.#current?.terminate()
  }

  /** Stops reading, as a plane that hangs. */
  freeze(): void {
    this.#current?.pause()
  }

  #take(socket: WebSocket): void {
    this.#current = socket
    this.#sessions += 1
    const session = this.#sessions
    const answer = (message: PlaneMessage) => socket.send(JSON.stringify(message))
    socket.on('error', () => {})
    socket.on('close', (code) => this.ends.push(code))
    socket.on('message', (bytes) => {
      const message = JSON.parse(String(bytes)) as AgentMessage
      this.heard.push({ at: performance.now(), session, message })
      if (message.type === 'hello') {
        if (this.refusal) return answer(this.refusal)
        answer({
          type: 'welcome',
          session: `s-${session}`,
          plane: this.name,
          ...(this.takesHistory ? { history: true } : {}),
        })
        answer({ type: 'desired', whole: true, desired: this.desired })
      }
      if (message.type === 'history' && this.acknowledging) answer({ type: 'history-taken', batch: message.batch })
      if (message.type === 'report' && this.acknowledging) answer({ type: 'ack', sequence: message.sequence })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
