import type { Machine, Process } from '../time/world.ts'

/** A program that somebody checks, and what is true of it. Times of the world. */
export class SimulatedServer {
  readonly machine: Machine
  readonly service: string
  readonly port: number
  process: Process | undefined
  /** up: it answers · hung: it accepts, and is silent · sick: it says that it is not well */
  mood: 'up' | 'hung' | 'sick' = 'up'
  /** Since when it has answered well without a break; undefined: it does not. */
  wellSince: number | undefined
  /** Since when nothing is at its port; undefined: something is. */
  deadSince: number | undefined = 0
  /** Called when its process ends, for whoever left a connection open. */
  readonly onGone = new Set<() => void>()

  constructor(machine: Machine, service: string, port: number) {
    this.machine = machine
    this.service = service
    this.port = port
  }

  get address(): string {
    return this.machine.name
  }

  get alive(): boolean {
    return this.process !== undefined && this.process.state !== 'dead'
  }

  /** Takes down what has become of it. @param now of the world */
  look(now: number): void {
    const answers = this.alive && this.mood === 'up' && this.process?.state === 'running'
    if (!answers) this.wellSince = undefined
    else this.wellSince ??= now
    if (this.alive) this.deadSince = undefined
    else this.deadSince ??= now
  }
}

/** Who listens at which port of which machine. */
export class Servers {
  readonly all: SimulatedServer[] = []

  add(server: SimulatedServer): void {
    this.all.push(server)
  }

  at(address: string, port: number): SimulatedServer | undefined {
    return this.all.find((server) => server.address === address && server.port === port)
  }
}
