import { join } from 'node:path'
import { openBacklog } from '#agent/buffer/open-backlog.ts'
import { type InstancePlan, Instances } from '#agent/checks/instances.ts'
import { Lag } from '#agent/checks/lag.ts'
import { Outbox } from '#agent/report/outbox.ts'
import { ProbeAnswers } from '#agent/session/answer-probes.ts'
import { helloOf } from '#agent/session/hello.ts'
import { Session } from '#agent/session/keep-session.ts'
import { replayPace } from '#agent/session/pace.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { type Machine, Process } from '../time/world.ts'

export type AgentOptions = {
  readonly node: string
  readonly machine: Machine
  readonly planes: readonly string[]
  readonly plans: () => readonly InstancePlan[]
  readonly log: Logger
  readonly onFailed: (error: unknown) => void
}

const restartMs = 1_000
const mostBytes = 1024 * 1024
/** What its history is told within; sooner than in life, where agents come back by the thousand. */
const replayWithinMs = 3_000

/** An agent: the product's parts as its main joins them, on a simulated machine, started again whenever it ends. */
export class Agent {
  readonly options: AgentOptions
  process: Process | undefined
  session: Session | undefined
  wanted = true
  #stop: AbortController | undefined
  #watch: (() => void) | undefined

  constructor(options: AgentOptions) {
    this.options = options
  }

  get alive(): boolean {
    return this.process !== undefined && this.process.state !== 'dead'
  }

  start(): void {
    const { machine, node, onFailed } = this.options
    if (this.alive || !machine.on) return
    const process = new Process(machine, `agent ${node}`)
    this.process = process
    this.session = undefined
    const stop = new AbortController()
    this.#stop = stop
    process.onEnd.add(() => {
      machine.world.after(restartMs, () => this.wanted && this.start())
    })
    process.do(() => {
      this.#run(stop.signal).then(
        () => process.end(),
        (error: unknown) => {
          onFailed(error)
          process.end()
        },
      )
    })
  }

  /** As systemd stops it. */
  stop(): void {
    this.process?.do(() => this.#stop?.abort())
  }

  /** Other services are configured now. */
  reload(): void {
    this.process?.do(() => this.#watch?.())
  }

  async #run(stop: AbortSignal): Promise<void> {
    const { node, machine, planes, plans, log } = this.options
    const identity = { node, machine: machine.name, incarnation: this.#nextIncarnation() }
    const of = (ms: number) => {
      const began = machine.monotonic - performance.now()
      return { boot: machine.name, mono: began + ms, wall: Date.now() - (performance.now() - ms) }
    }
    const clock = { of, now: () => of(performance.now()) }
    const lag = new Lag()
    await using backlog = await openBacklog({ folder: join('/state', node), mostBytes }, log, clock)
    const outbox = new Outbox(backlog)
    await using instances = new Instances(outbox, lag)
    this.#watch = () => instances.apply(plans())
    this.#watch()
    const session = new Session({
      planes,
      hello: () =>
        helloOf({
          identity,
          version: '1.0.0',
          name: node,
          site: machine.site,
          cluster: undefined,
          address: machine.name,
          gateways: [],
        }),
      ready: () => instances.allJudged(2_500),
      outbox,
      backlog,
      pace: { ...replayPace, startWithinMs: replayWithinMs },
      lag,
      log,
      onDesired: (desired) => probes.want(desired.probes),
      onBegun: () => probes.reset(),
    })
    this.session = session
    const probes = new ProbeAnswers((message) => session.send(message), lag, stop)
    await session.run(stop)
    await pause(0, stop)
  }

  /** Kept on its disk. */
  #nextIncarnation(): number {
    const { machine, node } = this.options
    const path = `/state/${node}/incarnation`
    const next = Number(machine.files.get(path)?.content.toString() ?? 0) + 1
    const content = Buffer.from(String(next))
    machine.files.set(path, { content, durable: content })
    return next
  }
}
