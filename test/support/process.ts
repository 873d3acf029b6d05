import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, isAbsolute, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { projectFolder } from './parts.ts'
import { plainEnvironment, withoutHooks } from './plain-environment.ts'
import { Tail } from './tail.ts'
import { waitFor } from './wait.ts'

export type ProcessOptions = {
  readonly name?: string
  readonly cwd?: string
  /** Added to the environment of this process; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What the process gets when this one dies without having ended it. TERM suits programs that must end children of their own. */
  readonly orphanSignal?: 'KILL' | 'TERM'
  /** Open files of this process that it gets as its own, from 3 on. */
  readonly descriptors?: readonly number[]
}

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** How a process is asked to end, and how long it may take before it is killed. */
export type Ending = { readonly signal?: NodeJS.Signals; readonly withinMs?: number }

/** A process of ours. Leaving its block ends it and all that it started. */
export class RunningProcess implements AsyncDisposable {
  readonly name: string
  readonly pid: number
  /** Resolves when it has ended with all that it started, however it did, and `output` is complete. */
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #tail: Tail
  #exit: Exit | undefined

  constructor(name: string, child: ChildProcess, pid: number) {
    this.name = name
    this.pid = pid
    this.#child = child
    this.#tail = new Tail(64 * 1024)
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#tail.add(text))
    }
    const closed = new Promise((resolve) => child.once('close', resolve))
    this.exited = new Promise((resolve) => {
      child.once('exit', async (code, signal) => {
        this.#exit = { code, signal }
        await endGroup(pid)
        // Its last words may still be in the pipe, which something that left its group may hold open.
        await Promise.race([closed, pause(1_000, undefined, { ref: false })])
        resolve(this.#exit)
      })
    })
  }

  get running(): boolean {
    return this.#exit === undefined
  }

  /** The end of what it wrote, both outputs together: at most 64 KiB. */
  get output(): string {
    return this.#tail.text()
  }

  /** Sends a signal to the process alone, not to its children. */
  signal(name: NodeJS.Signals): void {
    if (this.running) this.#child.kill(name)
  }

  /** Asks it to end, kills it if it does not, and resolves when it has ended. */
  async stop({ signal = 'SIGTERM', withinMs = 20_000 }: Ending = {}): Promise<Exit> {
    if (this.#exit !== undefined) return this.exited
    this.signal(signal)
    // A stopped process takes no signal but KILL until it goes on.
    this.signal('SIGCONT')
    const timer = setTimeout(() => signalGroup(this.pid, 'SIGKILL'), withinMs)
    try {
      return await this.exited
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends it at once, with all that it started. */
  async kill(): Promise<Exit> {
    if (this.#exit === undefined) signalGroup(this.pid, 'SIGKILL')
    return this.exited
  }

  /** Waits for `look` like `waitFor`, but gives up at once when the process ends; either way its last lines are told. */
  async ready<T>(what: string, withinMs: number, look: (ended: AbortSignal) => T | Promise<T>): Promise<T> {
    const lookWhileRunning = async (ended: AbortSignal) =>
      this.#exit === undefined ? { value: await look(ended) } : { exit: this.#exit }
    const until = (seen: { readonly value?: T; readonly exit?: Exit }) => 'exit' in seen || Boolean(seen.value)
    try {
      const seen = await waitFor(lookWhileRunning, { what: `${what} of ${this.name}`, withinMs, until })
      if ('value' in seen) return seen.value
      throw new Error(`${this.name} ended with ${seen.exit.signal ?? `code ${seen.exit.code}`} before ${what}`)
    } catch (error) {
      throw new Error(`${explainError(error)}\nIts last lines:\n${this.#tail.lines(20)}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Where Node keeps what it has made of our sources: programs of ours then start in half the time. It goes with each installation of packages. */
const compiledFolder = join(projectFolder, 'node_modules/.cache/compiled')

/** Starts a program in a process group of its own. Rejects with PART_MISSING if there is no file at an absolute path. */
export async function spawnProcess(
  program: string,
  args: readonly string[],
  { name = basename(program), cwd, env = {}, orphanSignal = 'KILL', descriptors = [] }: ProcessOptions = {},
): Promise<RunningProcess> {
  if (isAbsolute(program) && !existsSync(program)) throw new Failure('PART_MISSING', `There is no ${program}.`)
  const compiled = program === process.execPath ? { NODE_COMPILE_CACHE: compiledFolder } : {}
  const environment = { ...plainEnvironment(process.env), ...compiled, ...env }
  const before = [...orphanGuard(orphanSignal), ...withoutHooks(process.env, environment)]
  const [command = program, ...rest] = [...before, program, ...args]
  const child = spawn(command, rest, {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
    detached: true,
    ...(cwd === undefined ? {} : { cwd }),
  })
  const { pid } = child
  if (pid === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once('error', resolve))
    throw new Failure('PART_MISSING', `${program} could not be started.`, { cause })
  }
  return new RunningProcess(name, child, pid)
}

/**
 * Lets the kernel end the process when this one is killed, as a test that exceeds its time is. setpriv becomes the program itself, so the
 * pid stays; it is in every Debian.
 */
function orphanGuard(signal: 'KILL' | 'TERM'): readonly string[] {
  const setpriv = '/usr/bin/setpriv'
  return existsSync(setpriv) ? [setpriv, '--pdeathsig', signal, '--'] : []
}

/** Kills what a process started and left behind, and waits until it has let go of its ports and files. */
async function endGroup(pid: number): Promise<void> {
  const deadline = performance.now() + 2_000
  signalGroup(pid, 'SIGKILL')
  while (performance.now() < deadline && (await isAnyAlive(pid))) await pause(2)
}

/** Whether a process group has a member that is more than an entry in the table, waiting for its parent to notice. */
async function isAnyAlive(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0)
  } catch {
    return false
  }
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  // After the name, which may hold anything, in brackets: state, parent, group.
  const fields = stats.map((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' '))
  return fields.some(([state, , pgrp]) => Number(pgrp) === group && state !== 'Z' && state !== 'X')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nothing of the group is left.
  }
}
