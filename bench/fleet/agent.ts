import type { SecureContext } from 'node:tls'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import type { InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import type { AgentMessage, PlaneMessage } from '#shared/protocol/messages.ts'
import type { Deed } from './life.ts'
import { changeReport, failed, helloOf, metricsReport, type Shape, specsOf, well, wholeReport } from './messages.ts'
import { AgentSocket } from './open-socket.ts'
import type { Random } from './random.ts'

/** As the agent has them: between tries, and for how long a session must have been there to be a good one. */
const backoff = { firstMs: 200, mostMs: 5_000 }
const goodMs = 5_000
/** A refusal that no retry can change. */
const refusedMs = 60_000
/** Addresses that connections come from, in turn: each has its own ports. */
const sources = 8

export type AgentParts = {
  readonly plane: { readonly host: string; readonly port: number }
  /** What each shows, by its number, where the plane is asked over TLS. */
  readonly memberships?: ReadonlyMap<number, SecureContext> | undefined
  readonly shape: Shape
  readonly random: Random
  /** The plane has taken in everything that it has to say. */
  readonly onIn: (agent: SimulatedAgent) => void
  /** It was in, and is not any more. */
  readonly onOut: (agent: SimulatedAgent) => void
  /** It could not get in, or was refused. */
  readonly onRefused: (why: string) => void
}

/** One agent that is not there: it speaks as one does, comes back as one does, and checks nothing. */
export class SimulatedAgent {
  readonly number: number
  readonly #parts: AgentParts
  readonly #specs: readonly InstanceSpec[]
  readonly #verdicts: Verdict[]
  /** What is done when a report has been acknowledged, or never will be. */
  readonly #waiting = new Map<number, (ok: boolean) => void>()
  #socket: AgentSocket | undefined
  #state: 'away' | 'connecting' | 'telling' | 'in' = 'away'
  #timer: NodeJS.Timeout | undefined
  #begunAt = 0
  #sequence = 0
  #failures = 0
  #connections = 0
  #wanted = false
  /** As a real one it goes on where its last connection ended. */
  #session: Buffer | undefined

  constructor(number: number, parts: AgentParts) {
    this.number = number
    this.#parts = parts
    this.#specs = specsOf(number, parts.shape)
    this.#verdicts = this.#specs.map(() => well)
  }

  get isIn(): boolean {
    return this.#state === 'in'
  }

  /** Comes, and comes back until it is to leave. */
  come(afterMs: number): void {
    this.#wanted = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#connect(), afterMs)
  }

  /** Its connection breaks; it comes back after so long, or when an agent would. */
  breakOff(backAfterMs?: number): void {
    this.#socket?.cut('broken off')
    if (backAfterMs !== undefined && this.#wanted) this.come(backAfterMs)
  }

  /** Says goodbye and stays away. */
  leave(): void {
    this.#wanted = false
    clearTimeout(this.#timer)
    this.#say({ type: 'goodbye' })
    this.#socket?.close()
  }

  /** Ends for good. */
  end(): void {
    this.#wanted = false
    clearTimeout(this.#timer)
    this.#socket?.cut('ended')
  }

  do(deed: Deed): void {
    switch (deed.do) {
      case 'fail':
      case 'recover':
        void this.change(deed.instance, deed.do)
        break
      case 'leave':
        this.leave()
        break
      case 'return':
        this.come(0)
        break
      case 'break':
        this.breakOff()
    }
  }

  /** All is well again, and it is there. */
  recover(): void {
    for (const [instance, verdict] of this.#verdicts.entries()) {
      if (verdict !== well) void this.change(instance, 'recover')
    }
    if (!this.#wanted) this.come(0)
  }

  /** Has an instance fail that is well, and recover that is not. */
  toggle(instance: number): Promise<boolean> {
    return this.change(instance, this.#verdicts[instance] === well ? 'fail' : 'recover')
  }

  /** Has an instance fail or recover; false: nobody acknowledged that. */
  change(instance: number, health: 'fail' | 'recover'): Promise<boolean> {
    const verdict = health === 'fail' ? failed : well
    this.#verdicts[instance] = verdict
    const id = this.#specs[instance]?.id
    if (this.#state !== 'in' || id === undefined) return Promise.resolve(false)
    this.#sequence += 1
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.set(this.#sequence, resolve)
    this.#say(changeReport(this.#sequence, id, verdict))
    return promise
  }

  /** What it says in the n-th interval of a beat, whatever else there is: a beat, and now and then metrics and a ping. */
  beat(round: number, { metrics }: { readonly metrics: boolean }): void {
    if (this.#state !== 'in') return
    this.#say({ type: 'beat', lagMs: 1 })
    if ((round + this.number) % 2 === 0) this.#socket?.ping()
    if (!metrics || (round + this.number) % 3 !== 0) return
    this.#sequence += 1
    this.#say(metricsReport(this.#sequence, this.#specs, (round * 7 + this.number) % 100))
  }

  #connect(): void {
    this.#state = 'connecting'
    this.#connections += 1
    const source = `127.0.0.${2 + ((this.number + this.#connections) % sources)}`
    const { plane, memberships } = this.#parts
    const context = memberships?.get(this.number)
    const tls = context && { context, session: this.#session }
    const socket = new AgentSocket({ ...plane, tls }, source, {
      onSession: (session) => {
        this.#session = session
      },
      onOpen: () => this.#say(helloOf(this.number, 1, this.#parts.shape)),
      onText: (text) => this.#hear(JSON.parse(text) as PlaneMessage),
      onEnd: (why) => {
        if (this.#socket === socket) this.#end(why)
      },
    })
    this.#socket = socket
  }

  #hear(message: PlaneMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#state = 'telling'
        this.#begunAt = performance.now()
        this.#sequence += 1
        this.#waiting.set(this.#sequence, (ok) => this.#told(ok))
        this.#say(wholeReport(this.#sequence, this.#specs, this.#verdicts))
        return
      case 'ack':
        // An acknowledgement stands for all that came before it.
        for (const [sequence, done] of this.#waiting) {
          if (sequence > message.sequence) break
          this.#waiting.delete(sequence)
          done(true)
        }
        return
      case 'desired':
        for (const id of Object.keys(message.desired.probes ?? {})) {
          this.#say({ type: 'probed', id, ...well, tookMs: 1 })
        }
        return
      case 'refused':
        this.#parts.onRefused(message.code)
        if (!message.retry) this.come(refusedMs)
        return
      case 'history-taken':
    }
  }

  #told(ok: boolean): void {
    if (!ok || this.#state !== 'telling') return
    this.#state = 'in'
    this.#parts.onIn(this)
  }

  #end(why: string): void {
    const before = this.#state
    this.#socket = undefined
    this.#state = 'away'
    for (const [sequence, done] of this.#waiting) {
      this.#waiting.delete(sequence)
      done(false)
    }
    const good = before === 'in' && performance.now() - this.#begunAt >= goodMs
    this.#failures = good ? 1 : this.#failures + 1
    if (before === 'in') this.#parts.onOut(this)
    else if (this.#wanted) this.#parts.onRefused(why)
    if (this.#wanted) this.come(backoffMs(backoff, this.#failures, this.#parts.random()))
  }

  #say(message: AgentMessage): void {
    this.#socket?.send(JSON.stringify(message))
  }
}
