import { type ClientOptions, WebSocket } from 'ws'
import { probe } from '#shared/probe/probe.ts'
import type { InstanceSpec, ProbeSpec } from '#shared/protocol/check.ts'
import {
  type AgentMessage,
  type Desired,
  type Hello,
  type InstanceReport,
  type PlaneMessage,
  sessionPath,
  subprotocol,
} from '#shared/protocol/messages.ts'
import { reason } from '#shared/protocol/reason.ts'
import { waitFor } from '../wait.ts'

/** The hello of an agent that tests speak for. */
export function helloOf(over: Partial<Hello> & Pick<Hello, 'node'>): Hello {
  return {
    type: 'hello',
    machine: `machine-of-${over.node}`,
    incarnation: 1,
    version: '0.1.0',
    name: over.node,
    site: 'tencent',
    cluster: 'zervigo',
    address: '10.0.0.1',
    ...over,
  }
}

/** A node id that shows its number: 0 gives n-aaaaaaaaaaaa. */
export function nodeId(number: number): string {
  const digits = number.toString(32).padStart(12, '0')
  return `n-${[...digits].map((digit) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(digit, 32)]).join('')}`
}

export function specOf(over: Partial<InstanceSpec> & Pick<InstanceSpec, 'id'>): InstanceSpec {
  const address = over.address ?? '10.0.0.1'
  const port = over.port ?? 8080
  const check: ProbeSpec = { kind: 'tcp', address, port, timeoutMs: 2000 }
  return { service: 'basic-server', tags: [], metadata: {}, checks: [check], ...over, address, port }
}

export function passing(spec: InstanceSpec): InstanceReport {
  return { id: spec.id, spec, health: 'passing', reason: reason('ok'), ageMs: 0 }
}

export function refused(spec: InstanceSpec): InstanceReport {
  return { id: spec.id, spec, health: 'critical', reason: reason('refused'), ageMs: 0 }
}

/** A session of a real WebSocket, spoken by hand. */
export class AgentClient implements AsyncDisposable {
  readonly received: PlaneMessage[] = []
  /** Why it ended. */
  closed: { readonly code: number; readonly why: string } | undefined
  #sequence = 0
  /** How much had been received when a report was sent, by its sequence. */
  readonly #toldAt = new Map<number, number>()
  #frozen = false
  readonly #socket: WebSocket
  readonly #opened: Promise<void>

  constructor(url: string, options: ClientOptions = {}, protocol: string = subprotocol) {
    this.#socket = new WebSocket(`${url.replace(/^http/, 'ws')}${sessionPath}`, protocol, {
      perMessageDeflate: false,
      ...options,
    })
    this.#socket.on('message', (data) => this.received.push(JSON.parse(String(data)) as PlaneMessage))
    this.#socket.on('close', (code, why) => {
      this.closed = { code, why: String(why) }
    })
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.once('open', resolve)
      this.#socket.once('error', reject)
    })
    this.#opened.catch(() => {})
    this.#socket.on('error', () => {})
  }

  /** Connects, says hello and waits for the welcome. */
  static async attached(url: string, hello: Hello): Promise<AgentClient> {
    const agent = new AgentClient(url)
    await agent.opened()
    agent.send(hello)
    await agent.receive('welcome')
    return agent
  }

  opened(): Promise<void> {
    return this.#opened
  }

  send(message: AgentMessage): void {
    this.sendRaw(JSON.stringify(message))
  }

  sendRaw(text: string | Buffer): void {
    if (this.#socket.readyState === WebSocket.OPEN && !this.#frozen) this.#socket.send(text)
  }

  /** Sends a report and says its sequence. */
  report(
    instances: readonly InstanceReport[],
    more: { whole?: boolean; withdrawn?: string[]; sequence?: number } = {},
  ): number {
    const { sequence = this.#sequence + 1 } = more
    this.#sequence = Math.max(this.#sequence, sequence)
    this.#toldAt.set(sequence, this.received.length)
    this.send({ type: 'report', ...more, sequence, instances: [...instances] })
    return sequence
  }

  /** Sends a report and waits until it is acknowledged. */
  async reported(
    instances: readonly InstanceReport[],
    more: { whole?: boolean; withdrawn?: string[] } = {},
  ): Promise<void> {
    await this.acknowledged(this.report(instances, more))
  }

  async acknowledged(sequence: number): Promise<void> {
    // One stands for all before it; but what was acknowledged before it was said is of another time.
    const from = this.#toldAt.get(sequence) ?? 0
    const arrived = () =>
      this.received.slice(from).some((message) => message.type === 'ack' && message.sequence >= sequence)
    await waitFor(arrived, { what: `the acknowledgement of report ${sequence}`, withinMs: 20_000, everyMs: 2 })
  }

  /** The first message of this type, once it has come. */
  async receive<T extends PlaneMessage['type']>(type: T): Promise<Extract<PlaneMessage, { type: T }>> {
    const found = () => this.received.find((message) => message.type === type)
    const message = await waitFor(found, { what: `a message of type ${type}`, withinMs: 20_000, everyMs: 2 })
    return message as Extract<PlaneMessage, { type: T }>
  }

  /** What is wanted of the node, as all messages together say it. */
  desired(): Partial<Desired> {
    let desired: Partial<Desired> = {}
    for (const message of this.received) {
      if (message.type === 'desired')
        desired = { ...(message.whole ? {} : desired), ...message.desired } as Partial<Desired>
    }
    return desired
  }

  /** From now on runs the probes that it is asked to run, and beats. */
  serve(beatMs: number): void {
    const seen = new Set<string>()
    const answer = async (id: string, spec: ProbeSpec) => {
      const { verdict, tookMs } = await probe(spec)
      this.send({ type: 'probed', id, ...verdict, tookMs })
    }
    this.#socket.on('message', () => {
      for (const [id, spec] of Object.entries(this.desired().probes ?? {})) {
        if (!seen.has(id)) void answer(id, spec)
        seen.add(id)
      }
    })
    const beat = setInterval(() => this.send({ type: 'beat' }), beatMs)
    this.#socket.once('close', () => clearInterval(beat))
  }

  async ended(): Promise<{ readonly code: number; readonly why: string }> {
    return waitFor(() => this.closed, { what: 'the end of the session', withinMs: 20_000, until: Boolean }).then(
      (closed) => closed ?? { code: 0, why: '' },
    )
  }

  /** Neither reads nor speaks any more, as a process that was stopped. */
  freeze(): void {
    this.#frozen = true
    this.#socket.pause()
  }

  /** Goes on. */
  thaw(): void {
    this.#frozen = false
    this.#socket.resume()
  }

  /** Ends the connection without a word. */
  terminate(): void {
    this.#socket.terminate()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate()
  }
}
