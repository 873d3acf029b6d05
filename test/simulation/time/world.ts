import { AsyncLocalStorage } from 'node:async_hooks'
import { Heap } from './heap.ts'
import { Random } from './random.ts'

/** Something that happens at a time. Of a process: only while that process runs. */
export type Happening = {
  at: number
  readonly order: number
  readonly run: () => void
  readonly process: Process | undefined
  /** It comes by the clock of its machine, and not from outside. */
  readonly timer: boolean
  /** It only brings about other happenings: no code of a process runs. */
  readonly bare: boolean
  cancelled: boolean
}

const current = new AsyncLocalStorage<Process | undefined>()
const turn = setImmediate
/** Far more than any history takes. */
const mostSteps = 1_000_000

/** The process whose code runs now; undefined: none of the simulated ones. */
export function currentProcess(): Process | undefined {
  return current.getStore()
}

/** The process whose code runs now. Throws outside a simulation. */
export function ownProcess(): Process {
  const process = current.getStore()
  if (!process) throw new Error('this runs in simulated processes only')
  return process
}

/**
 * A time of its own in which machines and their processes run one step after the other: nothing waits for real, and the same seed brings
 * the same steps. Times in milliseconds since its beginning.
 */
export class World {
  readonly random: Random
  readonly machines: Machine[] = []
  /** Called after every step, once all that follows from it at once has happened. */
  onStep: (() => void) | undefined
  /** Hears of everything worth a line. */
  onNote: ((text: string, process: Process | undefined) => void) | undefined
  steps = 0
  brokenAt: number | undefined
  readonly #queue = new Heap<Happening>()
  #now = 0
  #order = 0
  #broken: unknown

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  get now(): number {
    return this.#now
  }

  /** What must never happen and has happened. */
  get broken(): unknown {
    return this.#broken
  }

  /** Ends the history: this must never happen. */
  break(error: unknown): void {
    if (this.#broken === undefined) this.brokenAt = this.#now
    this.#broken ??= error
  }

  note(text: string, process?: Process): void {
    this.onNote?.(text, process)
  }

  /** @param process whose step it is; left out: of the surroundings */
  after(ms: number, run: () => void, process?: Process, timer = false, bare = false): Happening {
    const at = this.#now + Math.max(0, ms)
    this.#order += 1
    const happening = { at, order: this.#order, run, process, timer, bare, cancelled: false }
    this.#queue.put(happening)
    return happening
  }

  /** Lets everything happen until a time, or until something is broken. */
  async play(until: number): Promise<void> {
    for (;;) {
      const next = this.#queue.first
      if (!next || next.at > until || this.#broken !== undefined) break
      this.#queue.take()
      if (next.cancelled) continue
      this.#now = Math.max(this.#now, next.at)
      this.steps += 1
      if (this.steps > mostSteps) this.break(new Error('it goes on without end'))
      if (!this.#do(next) || next.bare) continue
      // What follows from a step follows before the next one.
      await new Promise<void>((resolve) => turn(resolve))
      this.onStep?.()
    }
    this.#now = Math.max(this.#now, until)
  }

  /** Takes out the timers of a machine whose clock stands still. */
  takeTimers(machine: Machine): readonly Happening[] {
    return this.#queue.takeAll(({ process, timer }) => timer && process?.machine === machine)
  }

  putBack(happening: Happening, at: number): void {
    happening.at = at
    this.#queue.put(happening)
  }

  /** Whether it was done. */
  #do(happening: Happening): boolean {
    const { process } = happening
    if (process?.state === 'dead') return false
    if (process?.state === 'paused') {
      process.held.push(happening)
      return false
    }
    try {
      if (process) current.run(process, happening.run)
      else happening.run()
    } catch (error) {
      this.break(error)
    }
    return true
  }
}

/** A computer with its clocks and its disk, at a site. */
export class Machine {
  readonly world: World
  readonly name: string
  readonly site: string
  readonly processes: Process[] = []
  /** Files by path, as the disk model of its processes keeps them. */
  readonly files = new Map<string, SimulatedFile>()
  on = true
  /** What it says beyond epoch time, milliseconds. */
  clockAheadMs = 0
  /** How fast its clocks run. */
  readonly rate: number
  readonly #bootedAt: number
  #frozenAt: number | undefined
  #frozenMs = 0

  constructor(world: World, name: string, site: string) {
    this.world = world
    this.name = name
    this.site = site
    this.rate = 1 + world.random.between(-1e-4, 1e-4)
    this.#bootedAt = -world.random.between(1_000, 100_000)
    world.machines.push(this)
  }

  /** A monotonic clock: it stands still while the machine is frozen. */
  get monotonic(): number {
    const frozen = this.#frozenMs + (this.#frozenAt === undefined ? 0 : this.world.now - this.#frozenAt)
    return (this.world.now - frozen - this.#bootedAt) * this.rate
  }

  /** Epoch milliseconds, as this machine believes. */
  get epoch(): number {
    return Math.floor(beginning + this.world.now + this.clockAheadMs)
  }

  /** Stands still with its clocks, as a virtual machine that is suspended. @param ms for how long */
  freeze(ms: number): void {
    const { world } = this
    if (this.#frozenAt !== undefined || !this.on) return
    this.#frozenAt = world.now
    const timers = world.takeTimers(this).map((timer) => ({ timer, leftMs: timer.at - world.now }))
    const stopped = this.processes.filter(({ state }) => state === 'running')
    for (const process of stopped) process.pause()
    world.after(ms, () => {
      this.#frozenMs += ms
      this.#frozenAt = undefined
      for (const { timer, leftMs } of timers) world.putBack(timer, world.now + leftMs)
      for (const process of stopped) process.resume()
    })
  }

  /** Loses its power. What was not flushed is gone. */
  cutPower(): void {
    this.on = false
    for (const process of [...this.processes]) process.end('power')
    for (const [path, file] of this.files) {
      if (file.durable === undefined) this.files.delete(path)
      else file.content = file.durable
    }
  }
}

export type SimulatedFile = {
  content: Buffer
  /** What is there after a loss of power; undefined: nothing. */
  durable: Buffer | undefined
}

/** 2026-01-01. */
const beginning = 1_767_225_600_000

/** A running program. Its code sees the clocks and the network of its machine, and no others. */
export class Process {
  readonly machine: Machine
  readonly name: string
  readonly world: World
  state: 'running' | 'paused' | 'dead' = 'running'
  /** What came while it was paused. */
  readonly held: Happening[] = []
  /** Hear of its end, whatever it was. The kernel that closes its connections is one of them. */
  readonly onEnd = new Set<(how: 'killed' | 'power') => void>()
  readonly startedAt: number

  constructor(machine: Machine, name: string) {
    this.machine = machine
    this.name = name
    this.world = machine.world
    this.startedAt = machine.monotonic
    machine.processes.push(this)
  }

  /** Runs a step of it now, or when it can. */
  do(run: () => void, afterMs = 0): Happening {
    return this.world.after(afterMs, run, this)
  }

  /** Runs code in it at once. */
  within<T>(run: () => T): T {
    return current.run(this, run)
  }

  /** By its machine's clock. */
  timer(ms: number, run: () => void): Happening {
    const least = Number.isFinite(ms) && ms >= 1 ? ms : 1
    return this.world.after(least / this.machine.rate, run, this, true)
  }

  pause(): void {
    if (this.state === 'running') this.state = 'paused'
  }

  resume(): void {
    if (this.state !== 'paused') return
    this.state = 'running'
    for (const { run, cancelled } of this.held.splice(0)) if (!cancelled) this.world.after(0, run, this)
  }

  /** It ends without another word. */
  end(how: 'killed' | 'power' = 'killed'): void {
    if (this.state === 'dead') return
    this.state = 'dead'
    this.held.length = 0
    const { processes } = this.machine
    processes.splice(processes.indexOf(this), 1)
    for (const hear of [...this.onEnd]) hear(how)
    this.onEnd.clear()
  }
}
