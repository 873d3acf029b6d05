import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { plainEnvironment } from '#test/support/plain-environment.ts'

/** A process that answers commands, one line of JSON each way. */
export class Worker implements AsyncDisposable {
  readonly pid: number
  readonly #name: string
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #last: Promise<unknown> = Promise.resolve()

  /** @param env what it is given besides the environment of this process */
  constructor(name: string, program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#name = name
    this.#child = spawn(program, args, {
      env: { ...plainEnvironment(process.env), ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.pid = this.#child.pid ?? 0
    // A write to one that has ended is told by the missing answer.
    this.#child.stdin?.on('error', () => {})
    this.#child.on('error', () => {})
    if (!this.#child.stdout) throw new Error(`${name} has no output`)
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** What it says next, without having been asked. */
  async next<T>(withinMs = 60_000): Promise<T> {
    const late = AbortSignal.timeout(withinMs)
    const { promise, reject } = Promise.withResolvers<never>()
    const onLate = () => reject(new Error(`${this.#name} did not answer within ${withinMs / 1000} s`))
    late.addEventListener('abort', onLate)
    try {
      const { done, value } = await Promise.race([this.#lines.next(), promise])
      if (done) throw new Error(`${this.#name} has ended`)
      return JSON.parse(value)
    } finally {
      late.removeEventListener('abort', onLate)
    }
  }

  /** Gives a command and waits for its answer; commands are followed one after the other. */
  async ask<T>(command: object, withinMs = 60_000): Promise<T> {
    const turn = this.#last.then(() => {
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
      return this.next<T>(withinMs)
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(timer)
  }
}
