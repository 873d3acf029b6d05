import { createWriteStream, type WriteStream } from 'node:fs'
import { open, readdir, readFile, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type Exit, type RunningProcess, spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'

export type UnitPlan = {
  readonly name: string
  readonly command: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Whether it does its work. */
  readonly ready: (ended: AbortSignal) => Promise<unknown>
  /** Whether the processes that it starts are parts of it, which are stopped with it. */
  readonly family?: boolean
  /** What it gets when this process dies. */
  readonly orphanSignal?: 'KILL' | 'TERM'
  /** Where its clock and its disk are told how to be; undefined: neither can be disturbed. */
  readonly shim?: { readonly library: string; readonly told: string }
  readonly log: string
  /** It ended although nobody had asked for it. */
  readonly onEnd: (exit: Exit, words: string) => void
}

/** What is kept of a unit's words at most, in bytes. */
const mostLog = 8 * 1024 * 1024

/** A process with what an operator's service manager does about it: who ends without having been told so is started again. */
export class Unit implements AsyncDisposable {
  readonly name: string
  readonly #plan: UnitPlan
  readonly #log: WriteStream
  #logged = 0
  #process: RunningProcess | undefined
  /** Whether it should run. */
  #wanted = false
  /** The end of what is in its log already. */
  #lastWords = ''
  #ahead = 0
  #slow = 0

  constructor(plan: UnitPlan) {
    this.name = plan.name
    this.#plan = plan
    this.#log = createWriteStream(plan.log, { flags: 'a' })
  }

  get pid(): number | undefined {
    return this.#process?.running ? this.#process.pid : undefined
  }

  get output(): string {
    return this.#process?.output ?? ''
  }

  get canBeShimmed(): boolean {
    return this.#plan.shim !== undefined
  }

  /** Starts it and keeps it running. Resolves as soon as there is a process; with `wait` when it does its work. */
  async start({ wait = false, withinMs = 60_000 } = {}): Promise<void> {
    this.#wanted = true
    if (!this.#process?.running) await this.#spawn()
    if (!wait) return
    const { name, ready } = this.#plan
    // It may end and be started again meanwhile, as a plane does that loses the leadership.
    await waitFor(ready, { what: `${name} to do its work`, withinMs, everyMs: 100 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\nThe last words of ${name}:\n${this.output.slice(-2_000)}`, { cause: error })
    })
  }

  /** Ends it as a crash does, and keeps it down until `start`. */
  async kill(): Promise<void> {
    this.#wanted = false
    this.#process?.signal('SIGKILL')
    await this.#process?.exited
  }

  /** Asks it to end, and keeps it down until `start`. */
  async stop(): Promise<void> {
    this.#wanted = false
    await this.signal('SIGCONT')
    await this.#process?.stop({ withinMs: 15_000 })
  }

  /** To the process alone: what it has started goes on, unless it is a part of it. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const { pid } = this
    this.#process?.signal(name)
    if (pid === undefined || !this.#plan.family) return
    for (const child of await descendantsOf(pid)) {
      try {
        process.kill(child, name)
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  /** @param aheadMs whole seconds, in milliseconds */
  async setClock(aheadMs: number): Promise<void> {
    this.#ahead = aheadMs
    await this.#tell()
  }

  async slowDisk(ms: number): Promise<void> {
    this.#slow = ms
    await this.#tell()
  }

  /** Writes to its log what it has said since this was last done; of very much, the end. */
  keepWords(): void {
    const { output } = this
    const at = this.#lastWords === '' ? -1 : output.lastIndexOf(this.#lastWords)
    this.#keep(at < 0 ? output : output.slice(at + this.#lastWords.length))
    this.#lastWords = output.slice(-500)
  }

  async #tell(): Promise<void> {
    const { shim } = this.#plan
    if (!shim) return
    const told = new BigInt64Array([BigInt(this.#ahead), BigInt(this.#slow)])
    // In place: the running process has the file mapped.
    await using file = await open(shim.told, 'r+')
    await file.write(new Uint8Array(told.buffer), 0, 16, 0)
  }

  async #spawn(): Promise<void> {
    const { name, command, cwd, env = {}, orphanSignal = 'KILL', shim } = this.#plan
    if (shim) await writeFile(shim.told, new Uint8Array(16), { flag: 'wx' }).catch(() => {})
    const [program = '', ...args] = command
    const shimmed = shim ? { LD_PRELOAD: shim.library, CHAOS_SHIM: shim.told } : {}
    const started = await spawnProcess(program, args, { name, cwd, orphanSignal, env: { ...env, ...shimmed } })
    this.#process = started
    this.#lastWords = ''
    this.#keep(`--- ${new Date().toISOString()} ${name} is started as ${started.pid}\n`)
    this.#watch(started).catch(() => {})
  }

  async #watch(started: RunningProcess): Promise<void> {
    const exit = await started.exited
    this.keepWords()
    this.#keep(`--- ${new Date().toISOString()} ${name(exit)}\n`)
    if (!this.#wanted) return
    this.#plan.onEnd(exit, started.output.slice(-2_000))
    await pause(1_000)
    if (this.#wanted && this.#process === started) await this.#spawn()
  }

  #keep(text: string): void {
    if (this.#logged > mostLog) return
    this.#logged += text.length
    this.#log.write(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    this.#log.end()
  }
}

async function descendantsOf(pid: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each)).map(Number)
  const parents = new Map(
    await Promise.all(
      pids.map(async (each) => {
        const stat = await readFile(`/proc/${each}/stat`, 'utf8').catch(() => '')
        // After the name, which may hold anything, in brackets: state, parent.
        return [each, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])] as const
      }),
    ),
  )
  const found = new Set([pid])
  for (let before = 0; before < found.size; ) {
    before = found.size
    for (const [each, parent] of parents) if (found.has(parent)) found.add(each)
  }
  found.delete(pid)
  return [...found]
}

function name({ code, signal }: Exit): string {
  return `ended with ${signal ?? `code ${code}`}`
}
