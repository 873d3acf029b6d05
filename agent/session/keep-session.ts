import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { AgentMessage, Hello } from '#shared/protocol/messages.ts'
import { within } from '../checks/within.ts'
import { asked } from './asked.ts'
import type { Channel } from './channel.ts'
import { connect } from './connect.ts'
import { converse, type Talking } from './converse.ts'
import { type ListedPlane, PlaneList } from './plane-list.ts'
import { type Answered, type Reached, Relocation } from './relocation.ts'

export type SessionState = {
  readonly state: 'connecting' | 'connected' | 'refused'
  /** The address of the plane that it talks to, or tries to. */
  readonly plane: string
  /** Which plane answered there. */
  readonly replica?: string
  readonly session?: string
  /** By the monotonic clock. */
  readonly since: number
  /** Sessions begun so far. */
  readonly sessions: number
  /** Why there is none, or why the last one ended. */
  readonly why?: string
  /** All addresses, in the order in which this agent would rather have them. */
  readonly planes?: readonly ListedPlane[]
}

export type Keeping = Talking & {
  readonly planes: readonly string[]
  readonly hello: () => Hello
  /** Resolves when the first report has something to say of every instance. */
  readonly ready: () => Promise<void>
}

const backoff = { firstMs: 200, mostMs: 5_000 }
/** Agents that lost the same plane come to the next ones at a random moment within this time. */
const failoverWithinMs = 200
/** After a refusal that no retry can change; somebody may change something all the same. */
const refusedMs = 60_000
/** A session that lasted so long was a good one. */
const goodMs = 5_000
/** An agent that stops while another plane is about to welcome it waits so long to say goodbye there, too. */
const lastWelcomeMs = 1_000

type Ended = {
  readonly wait?: number
  readonly good: boolean
  /** Nothing is wrong with the plane. */
  readonly stay?: boolean
  /** Another plane has welcomed the agent. */
  readonly next?: Reached | undefined
}

/**
 * Keeps a session with one of the planes: connects, talks, and comes back after every failure, to the next one. A plane that asks it to
 * go elsewhere is left only when another one has welcomed it.
 */
export class Session {
  readonly #keeping: Keeping
  readonly #planes: PlaneList
  #channel: Channel | undefined
  #state: SessionState
  #renewals = 0
  #relocation: Relocation | undefined
  /** The plane behind the only address that asked to be left, and was found there again. */
  #sameAgain: string | undefined

  constructor(keeping: Keeping) {
    this.#keeping = keeping
    this.#planes = new PlaneList(keeping.planes, keeping.hello().node)
    this.#state = { state: 'connecting', plane: this.#planes.current, since: performance.now(), sessions: 0 }
  }

  get state(): SessionState {
    return { ...this.#state, planes: this.#planes.all }
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
    let reached: Reached | undefined
    while (!stop.aborted) {
      const { wait, good, stay, next } = reached ? await this.#talk(reached, stop) : await this.#once(stop)
      reached = next
      if (reached) {
        failures = 0
        continue
      }
      failures = good ? 1 : failures + 1
      if (stop.aborted) return
      if (!stay) this.#planes.failed(performance.now())
      await pause(wait ?? this.#waitMs(failures), stop)
    }
    if (reached) await farewell(reached)
  }

  /** At once to the next one as long as there is one that was not tried. */
  #waitMs(failures: number): number {
    const others = this.#planes.size - 1
    return failures <= others ? Math.random() * failoverWithinMs : backoffMs(backoff, failures - others, Math.random())
  }

  async #once(stop: AbortSignal): Promise<Ended> {
    const { ready } = this.#keeping
    const plane = this.#planes.current
    const connected = await this.#connect(plane, stop)
    if (connected.kind === 'failed') {
      this.#fail('connecting', plane, connected.why)
      return { good: false }
    }
    if (connected.kind === 'refused') {
      const { code, message, retry } = connected
      this.#fail('refused', plane, `${code}: ${message}`)
      return retry ? { good: false } : { wait: refusedMs, good: false }
    }
    const { channel } = connected
    if (!(await isReady(ready, channel, stop))) {
      channel.send({ type: 'goodbye' })
      await channel[Symbol.asyncDispose]()
      return { good: false }
    }
    return this.#talk({ plane, connected }, stop)
  }

  async #talk({ plane, connected }: Reached, stop: AbortSignal): Promise<Ended> {
    const { log } = this.#keeping
    const { channel, session, plane: replica, introduced } = connected
    const startedAt = performance.now()
    this.#planes.reached(plane)
    if (this.#renewals !== introduced) {
      // What it said of itself is no longer true.
      await channel[Symbol.asyncDispose]()
      return { good: false, wait: 0, stay: true }
    }
    this.#channel = channel
    const sessions = this.#state.sessions + 1
    this.#state = { state: 'connected', plane, replica, session, since: performance.now(), sessions }
    log.info({ plane, replica, session }, 'session begun')
    const moved = new AbortController()
    const onMove = (why: 'leaving' | 'balance') => this.#move(why, replica, channel, moved, stop)
    const why = await converse(connected, this.#keeping, { onMove, moved: moved.signal }, stop)
    this.#channel = undefined
    const next = await this.#whereTo(stop)
    if (next) log.info({ plane: next.plane, why }, 'went to another plane')
    else if (!stop.aborted) log.warn({ plane, session, why }, 'session ended')
    this.#state = { state: 'connecting', plane: next?.plane ?? plane, since: performance.now(), sessions, why }
    const renewed = this.#renewals !== introduced
    return { good: performance.now() - startedAt >= goodMs, next, stay: renewed, ...(renewed ? { wait: 0 } : {}) }
  }

  /** The plane asks to be left: looks for another one beside the session. */
  #move(
    why: 'leaving' | 'balance',
    replica: string,
    channel: Channel,
    moved: AbortController,
    stop: AbortSignal,
  ): void {
    if (this.#relocation || stop.aborted) return
    const useless = why === 'balance' && this.#sameAgain === replica
    const targets = useless ? [] : this.#planes.targets(why, performance.now())
    if (targets.length === 0) {
      channel.send({ type: 'stays' })
      return
    }
    const { log } = this.#keeping
    log.info({ plane: this.#planes.current, why, targets }, 'asked to go to another plane')
    const relocation = new Relocation({
      targets,
      connect: (plane, giveUp) => this.#connect(plane, giveUp),
      onFailed: (plane, failure) => {
        if (plane !== this.#planes.current) this.#planes.failedElsewhere(plane, performance.now())
        log.info({ plane, why: failure }, 'another plane was not reached')
      },
    })
    this.#relocation = relocation
    relocation.moved.addEventListener('abort', () => moved.abort(), { once: true })
    void relocation.outcome.then((reached) => {
      this.#sameAgain = reached?.connected.plane === replica ? replica : undefined
      if (reached) return
      if (this.#relocation === relocation) this.#relocation = undefined
      channel.send({ type: 'stays' })
    })
  }

  /** What came of a relocation under way, if there is one. */
  async #whereTo(stop: AbortSignal): Promise<Reached | undefined> {
    const relocation = this.#relocation
    if (!relocation) return undefined
    if (stop.aborted && !(await within(relocation.outcome, lastWelcomeMs))) relocation.giveUp()
    const reached = await relocation.outcome
    this.#relocation = undefined
    return reached
  }

  async #connect(plane: string, stop: AbortSignal): Promise<Answered> {
    const { hello, log, membership } = this.#keeping
    const introduced = this.#renewals
    const moves = { choice: this.#planes.choiceOf(plane), of: this.#planes.size }
    const connected = await connect(plane, { ...hello(), moves }, log, stop, membership)
    if (connected.kind === 'refused') membership?.refused(connected.code)
    return { ...connected, introduced }
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

/** The agent stops, and another plane has just welcomed it: that one is to know, too. */
async function farewell({ connected: { channel } }: Reached): Promise<void> {
  channel.send({ type: 'goodbye' })
  await channel[Symbol.asyncDispose]()
}

/** A report that calls a living instance unknown would take it out of routing. False: there is no time to wait for that, it shall end. */
async function isReady(ready: () => Promise<void>, channel: Channel, stop: AbortSignal): Promise<boolean> {
  const waiting = new AbortController()
  await Promise.race([ready(), channel.ended, asked(stop, waiting.signal)])
  waiting.abort()
  return !stop.aborted
}
