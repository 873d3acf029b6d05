import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { projectFolder } from '../parts.ts'
import { type Ending, type RunningProcess, spawnProcess } from '../process.ts'

/** One of our own programs with its configuration file, which may be started again and again. */
export class Program implements AsyncDisposable {
  readonly name: string
  readonly #script: string
  readonly #configuration: string
  readonly #ready: (ended: AbortSignal) => Promise<unknown>
  #process: RunningProcess | undefined

  constructor(name: string, script: string, configuration: string, ready: (ended: AbortSignal) => Promise<unknown>) {
    this.name = name
    this.#script = script
    this.#configuration = configuration
    this.#ready = ready
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  get output(): string {
    return this.#process?.output ?? ''
  }

  async start(): Promise<void> {
    if (this.#process?.running) return
    const args = [join(projectFolder, this.#script), this.#configuration]
    const running = await spawnProcess(process.execPath, args, { name: this.name, orphanSignal: 'TERM' })
    this.#process = running
    await running.ready('its own health page', 60_000, this.#ready)
  }

  /** Ends it as a crash does, alone: what it started goes on. */
  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL')
    await this.#process?.exited
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.signal(name)
  }

  async stop(ending: Ending = {}): Promise<void> {
    await this.#process?.stop(ending)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Writes a configuration as YAML and answers with its path. */
export async function writeYaml(path: string, content: object): Promise<string> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, stringify(content))
  return path
}

/** A look that succeeds when `url` is answered with 200. */
export function answers(url: string): (ended: AbortSignal) => Promise<boolean> {
  return async (ended) => {
    const response = await fetch(url, { signal: ended })
    await response.arrayBuffer()
    return response.status === 200
  }
}
