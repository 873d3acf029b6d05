import { setTimeout as pause } from 'node:timers/promises'
import type { SecureContext } from 'node:tls'
import { beatEveryMs } from '#shared/protocol/messages.ts'
import { percentile } from '../result.ts'
import { SimulatedAgent } from './agent.ts'
import { type Deed, deedsOf, lifeOf, type Shares } from './life.ts'
import type { Shape } from './messages.ts'
import { type Random, seeded } from './random.ts'

export type FleetOptions = {
  /** The plane's address, as `http://127.0.0.1:8888`. */
  readonly url: string
  readonly shape: Shape
  readonly shares: Shares
  readonly seed: number
  /** Whether agents send what they measured, too. */
  readonly metrics: boolean
  /** The number of the first agent: several fleets make a larger one. */
  readonly first?: number
  /** What agents show, by their numbers, where the plane is asked over TLS. */
  readonly memberships?: ReadonlyMap<number, SecureContext> | undefined
}

/** How a herd came in. Milliseconds since the first of them came. */
export type CameIn = {
  readonly in: number
  readonly allInMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Tries that did not lead to a session, by what was said. */
  readonly refused: Readonly<Record<string, number>>
}

/** What became of changes; times from when one was due to its acknowledgement. */
export type Changed = {
  readonly changes: number
  readonly lost: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

/** Agents take their turns within a beat in so many steps. */
const steps = 100
const comeWithinMs = 180_000

/** Many agents in one process. */
export class SimulatedFleet implements AsyncDisposable {
  readonly #options: FleetOptions
  readonly #random: Random
  readonly #agents: readonly SimulatedAgent[]
  readonly #beating: NodeJS.Timeout
  readonly #living = new Set<NodeJS.Timeout>()
  #refused = new Map<string, number>()
  #cameIn: number[] = []
  #in = 0
  #step = 0

  constructor(options: FleetOptions) {
    const { shape, url, seed, first = 0, memberships } = options
    this.#options = options
    this.#random = seeded(seed)
    const { hostname: host, port } = new URL(url)
    const parts = {
      plane: { host, port: Number(port) },
      memberships,
      shape,
      random: this.#random,
      onIn: () => {
        this.#in += 1
        this.#cameIn.push(performance.now())
      },
      onOut: () => {
        this.#in -= 1
      },
      onRefused: (why: string) => this.#refused.set(why, (this.#refused.get(why) ?? 0) + 1),
    }
    this.#agents = Array.from({ length: shape.agents }, (_, index) => new SimulatedAgent(first + index, parts))
    this.#beating = setInterval(() => this.#beat(), beatEveryMs / steps)
  }

  get in(): number {
    return this.#in
  }

  /** Has all of them come, spread over a time; resolves when the plane has taken in what each of them has to say. */
  come(withinMs: number, onProgress: (there: number) => void = () => {}): Promise<CameIn> {
    return this.#allIn((agent) => agent.come(this.#random() * withinMs), onProgress)
  }

  /** Breaks all connections at once; all come back within a time. */
  herd(withinMs: number, onProgress: (there: number) => void = () => {}): Promise<CameIn> {
    return this.#allIn((agent) => agent.breakOff(this.#random() * withinMs), onProgress)
  }

  /** All say goodbye and stay away. */
  async leave(): Promise<{ readonly left: number }> {
    for (const agent of this.#agents) agent.leave()
    while (this.#in > 0) await pause(5)
    return { left: this.#agents.length }
  }

  /** Waits until the plane is gone, and all are in again. */
  async comeBack(onProgress: (there: number) => void = () => {}): Promise<CameIn> {
    while (this.#in === this.#agents.length) await pause(1)
    return this.#allIn(() => {}, onProgress)
  }

  /** Lets the lives that are not steady take their course for a time; says how often what was done. */
  async live(seconds: number): Promise<Readonly<Record<Deed['do'], number>>> {
    const { shares, seed, shape } = this.#options
    const done = { fail: 0, recover: 0, leave: 0, return: 0, break: 0 }
    for (const agent of this.#agents) {
      const random = seeded(seed * 1_000_003 + agent.number)
      this.#next(agent, deedsOf(lifeOf(shares, random), shape.perAgent, random), done)
    }
    await pause(seconds * 1_000)
    for (const timer of this.#living) clearTimeout(timer)
    this.#living.clear()
    // Who was away, or ill, when it ended is well again.
    for (const agent of this.#agents) agent.recover()
    return done
  }

  /** Has instances fail and recover, one of them at a time and each of another agent, at an even rate. */
  async change(perSecond: number, seconds: number): Promise<Changed> {
    const total = Math.round(perSecond * seconds)
    const took: number[] = []
    const startedAt = performance.now()
    const pending: Promise<unknown>[] = []
    for (let sent = 0; sent < total; ) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) + 1)
      for (; sent < due; sent += 1) {
        const dueAt = startedAt + (sent / perSecond) * 1_000
        const agent = this.#agents[Math.floor(this.#random() * this.#agents.length)]
        const instance = Math.floor(this.#random() * this.#options.shape.perAgent)
        const change = agent?.toggle(instance).then((ok) => ok && took.push(performance.now() - dueAt))
        if (change) pending.push(change)
      }
      await pause(2)
    }
    await Promise.race([Promise.all(pending), pause(10_000)])
    return {
      changes: total,
      lost: total - took.length,
      p50Ms: percentile(took, 0.5),
      p95Ms: percentile(took, 0.95),
      p99Ms: percentile(took, 0.99),
    }
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beating)
    for (const timer of this.#living) clearTimeout(timer)
    for (const agent of this.#agents) agent.end()
  }

  async #allIn(begin: (agent: SimulatedAgent) => void, onProgress: (there: number) => void): Promise<CameIn> {
    this.#refused = new Map()
    this.#cameIn = []
    const startedAt = performance.now()
    for (const agent of this.#agents) begin(agent)
    let toldAt = startedAt
    while (this.#in < this.#agents.length) {
      await pause(5)
      const now = performance.now()
      if (now - startedAt > comeWithinMs) {
        const refused = JSON.stringify(Object.fromEntries(this.#refused))
        throw new Error(`only ${this.#in} of ${this.#agents.length} agents came in; refused: ${refused}`)
      }
      if (now - toldAt < 1_000) continue
      toldAt = now
      onProgress(this.#in)
    }
    const took = this.#cameIn.map((at) => at - startedAt)
    return {
      in: this.#in,
      allInMs: percentile(took, 1),
      p50Ms: percentile(took, 0.5),
      p99Ms: percentile(took, 0.99),
      refused: Object.fromEntries(this.#refused),
    }
  }

  #beat(): void {
    const round = Math.floor(this.#step / steps)
    for (let index = this.#step % steps; index < this.#agents.length; index += steps) {
      this.#agents[index]?.beat(round, this.#options)
    }
    this.#step += 1
  }

  #next(agent: SimulatedAgent, deeds: Iterator<Deed, void>, done: Record<Deed['do'], number>): void {
    const { value: deed } = deeds.next()
    if (!deed) return
    const timer = setTimeout(() => {
      this.#living.delete(timer)
      done[deed.do] += 1
      agent.do(deed)
      this.#next(agent, deeds, done)
    }, deed.afterMs)
    this.#living.add(timer)
  }
}
