import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { AgentMessage, Hello } from '#shared/protocol/messages.ts'
import { asked } from './asked.ts'
import type { Channel } from './channel.ts'
import { connect } from './connect.ts'
import { converse, type Talking } from './converse.ts'
import { PlaneList } from './plane-list.ts'

export type SessionState = {
  readonly state: 'connecting' | 'connected' | 'refused'
  readonly plane: string
  readonly session?: string
  /** By the monotonic clock. */
  readonly since: number
  /** Sessions begun so far. */
  readonly sessions: number
  /** Why there is none, or why the last one ended. */
  readonly why?: string
}

export type Keeping = Talking & {
  readonly planes: readonly string[]
  readonly hello: () => Hello
  /** Resolves when the first report has something to say of every instance. */
  readonly ready: () => Promise<void>
}

const backoff = { firstMs: 200, mostMs: 5_000 }
/** After a refusal that no retry can change; somebody may change something all the same. */
const refusedMs = 60_000
/** A session that lasted so long was a good one. */
const goodMs = 5_000

/** Keeps a session with one of the planes: connects, talks, and comes back after every failure, to the next one. */
export class Session {
  readonly #keeping: Keeping
  readonly #planes: PlaneList
  #channel: Channel | undefined
  #state: SessionState
  #renewals = 0

  constructor(keeping: Keeping, random: () => number = Math.random) {
    this.#keeping = keeping
    this.#planes = new PlaneList(keeping.planes, random())
    this.#state = { state: 'connecting', plane: this.#planes.current, since: performance.now(), sessions: 0 }
  }

  get state(): SessionState {
    return this.#state
  }

  /** Sends a message of the current session; false if there is none. */
  send(message: AgentMessage): boolean {
    return this.#channel?.send(message) ?? false
  }

  /** Ends the present session for a new one, which says anew who the agent is. */
  renew(): void {
    this.#renewals += 1
    void this.#channel?.[Symbol.asyncDispose]()
  }

  /** Runs until `stop`, and until the goodbye after it has been said. */
  async run(stop: AbortSignal): Promise<void> {
    let failures = 0
    while (!stop.aborted) {
      const { wait, good } = await this.#once(stop)
      failures = good ? 1 : failures + 1
      if (stop.aborted) return
      this.#planes.failed()
      await pause(wait ?? backoffMs(backoff, failures, Math.random()), stop)
    }
  }

  async #once(stop: AbortSignal): Promise<{ readonly wait?: number; readonly good: boolean }> {
    const { hello, log, ready } = this.#keeping
    const plane = this.#planes.current
    const startedAt = performance.now()
    const introduced = this.#renewals
    const connected = await connect(plane, hello(), log, stop)
    if (connected.kind === 'failed') {
      this.#fail('connecting', plane, connected.why)
      return { good: false }
    }
    if (connected.kind === 'refused') {
      const { code, message, retry } = connected
      this.#fail('refused', plane, `${code}: ${message}`)
      return retry ? { good: false } : { wait: refusedMs, good: false }
    }
    const { channel, session } = connected
    if (!(await isReady(ready, channel, stop))) {
      channel.send({ type: 'goodbye' })
      await channel[Symbol.asyncDispose]()
      return { good: false }
    }
    if (this.#renewals !== introduced) {
      // What it said of itself is no longer true.
      await channel[Symbol.asyncDispose]()
      return { good: false, wait: 0 }
    }
    this.#channel = channel
    const sessions = this.#state.sessions + 1
    this.#state = { state: 'connected', plane, session, since: performance.now(), sessions }
    log.info({ plane, session }, 'session begun')
    const why = await converse(connected, this.#keeping, stop)
    this.#channel = undefined
    if (!stop.aborted) log.warn({ plane, session, why }, 'session ended')
    this.#state = { state: 'connecting', plane, since: performance.now(), sessions, why }
    return { good: performance.now() - startedAt >= goodMs }
  }

  #fail(state: 'connecting' | 'refused', plane: string, why: string): void {
    const { log } = this.#keeping
    const news = this.#state.state !== state || this.#state.why !== why
    const { sessions, since } = this.#state
    this.#state = { state, plane, since: this.#state.state === state ? since : performance.now(), sessions, why }
    // The same failure again and again is told once.
    log[news ? 'warn' : 'debug']({ plane, why }, state === 'refused' ? 'session refused' : 'plane not reached')
  }
}

/** A report that calls a living instance unknown would take it out of routing. False: there is no time to wait for that, it shall end. */
async function isReady(ready: () => Promise<void>, channel: Channel, stop: AbortSignal): Promise<boolean> {
  const waiting = new AbortController()
  await Promise.race([ready(), channel.ended, asked(stop, waiting.signal)])
  waiting.abort()
  return !stop.aborted
}
