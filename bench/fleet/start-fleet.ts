import { join } from 'node:path'
import { projectFolder } from '#test/support/parts.ts'
import { Worker } from '../worker/worker.ts'
import type { CameIn, Changed } from './fleet.ts'
import type { Deed } from './life.ts'
import { askingCore, type Member } from './plane.ts'

export type FleetWanted = {
  readonly url: string
  readonly agents: number
  readonly perAgent: number
  readonly services: number
  readonly seed: number
  /** As `flapping=0.1,leaving=0.05`; the others are steady. */
  readonly lives?: string
  readonly metrics?: boolean
  /** Who signs for the plane, where it is asked over TLS. */
  readonly member?: Member | undefined
}

const withinMs = 200_000

/** A fleet in a process of its own, on the core that asks. Its progress goes to standard error. */
export class StartedFleet implements AsyncDisposable {
  readonly #worker: Worker

  constructor({ url, agents, perAgent, services, seed, lives = '', metrics = true, member }: FleetWanted) {
    const { authority, installation } = member ?? {}
    const shown = authority && {
      authority: authority.certificate_file,
      'authority-key': authority.key_file,
      installation: installation ?? '',
    }
    const options = { url, agents, 'per-agent': perAgent, services, seed, lives, ...shown }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
    const script = join(projectFolder, 'bench/fleet/serve.ts')
    const program = ['-c', askingCore, process.execPath, script, ...args, ...(metrics ? [] : ['--no-metrics'])]
    this.#worker = new Worker('fleet', 'taskset', program)
  }

  get pid(): number {
    return this.#worker.pid
  }

  /** Resolves when every agent has what it shows. */
  async ready(): Promise<void> {
    await this.#worker.ask({ do: 'ready' }, withinMs)
  }

  /** All come, spread over a time. */
  come(spreadMs: number): Promise<CameIn> {
    return this.#worker.ask({ do: 'come', withinMs: spreadMs }, withinMs)
  }

  /** All connections break at once, and all agents are back within a time. */
  herd(spreadMs: number): Promise<CameIn> {
    return this.#worker.ask({ do: 'herd', withinMs: spreadMs }, withinMs)
  }

  /** To be asked before the plane ends: resolves when all are back after it. */
  comeBack(): Promise<CameIn> {
    return this.#worker.ask({ do: 'come-back' }, withinMs)
  }

  async leave(): Promise<void> {
    await this.#worker.ask({ do: 'leave' }, withinMs)
  }

  change(perSecond: number, seconds: number): Promise<Changed> {
    return this.#worker.ask({ do: 'change', perSecond, seconds }, withinMs)
  }

  live(seconds: number): Promise<Readonly<Record<Deed['do'], number>>> {
    return this.#worker.ask({ do: 'live', seconds }, withinMs + seconds * 1_000)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#worker[Symbol.asyncDispose]()
  }
}
