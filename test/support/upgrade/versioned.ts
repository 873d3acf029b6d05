import { join } from 'node:path'
import { projectFolder } from '../parts.ts'
import { type RunningProcess, spawnProcess } from '../process.ts'

/** A program of some version with its configuration, which may be exchanged for that of another one. */
export class Versioned implements AsyncDisposable {
  readonly name: string
  readonly #configuration: string
  readonly #ready: (ended: AbortSignal) => Promise<unknown>
  #process: RunningProcess | undefined

  constructor(name: string, configuration: string, ready: (ended: AbortSignal) => Promise<unknown>) {
    this.name = name
    this.#configuration = configuration
    this.#ready = ready
  }

  get output(): string {
    return this.#process?.output ?? ''
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  /** @param program as of `former`, or the path of a source of today */
  async start(program: readonly string[] | string): Promise<void> {
    await this.stop()
    const words = typeof program === 'string' ? [join(projectFolder, program)] : program
    const running = await spawnProcess(process.execPath, [...words, this.#configuration], {
      name: this.name,
      orphanSignal: 'TERM',
    })
    this.#process = running
    await running.ready('its own health page', 30_000, this.#ready)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
    this.#process = undefined
  }

  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL')
    await this.#process?.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
