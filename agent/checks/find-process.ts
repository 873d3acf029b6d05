import { open, readdir, readFile } from 'node:fs/promises'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { ProcessSpec } from './host-spec.ts'
import {
  hasListener,
  isGone,
  isNamed,
  notRunning,
  type Process,
  parseProcess,
  processVerdict,
  unitVerdict,
} from './process-verdict.ts'
import { runCommand } from './run-command.ts'

const unknown: Verdict = { health: 'unknown', reason: reason('no_verdict') }

type Found = { readonly pid: string; readonly process: Process }

/** Looks for one process again and again; looks through all of them only when the one that it knows is gone. */
export class ProcessLook {
  readonly #spec: ProcessSpec
  #known: Found | undefined

  constructor(spec: ProcessSpec) {
    this.#spec = spec
  }

  async look(stop: AbortSignal): Promise<Verdict> {
    const { unit, pidFile, name, port } = this.#spec
    if (unit !== undefined) return this.#unit(unit, stop)
    if (pidFile !== undefined) return processVerdict(await this.#byPidFile(pidFile), this.#spec)
    if (name !== undefined) return processVerdict(await this.#byName(name), this.#spec)
    const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(read))
    return tables.some((table) => hasListener(table, port))
      ? { health: 'passing', reason: reason('ok') }
      : notRunning(this.#spec)
  }

  async #unit(unit: string, stop: AbortSignal): Promise<Verdict> {
    const ended = await runCommand(
      ['systemctl', 'show', '--property=ActiveState', '--', unit],
      this.#spec.timeoutMs,
      stop,
    )
    if (ended.kind === 'ended' && ended.code === 0) return unitVerdict(ended.output, this.#spec) ?? unknown
    if (ended.kind === 'given-up') return unknown
    // It is systemd that does not answer, or is not there: nothing is learned of the unit.
    const error = ended.kind === 'not-started' ? ended.error : `systemctl ${ended.kind}`
    return { health: 'unknown', reason: reason('not_started', { error }) }
  }

  async #byPidFile(pidFile: string): Promise<Process | undefined> {
    const pid = /^\s*(\d{1,10})\s*$/m.exec(await readStart(pidFile))?.[1]
    const process = pid === undefined ? undefined : parseProcess(await read(`/proc/${pid}/stat`))
    const { name } = this.#spec
    // Its number may have gone to another process.
    return process && (name === undefined || isNamed(process, name)) ? process : undefined
  }

  async #byName(name: string): Promise<Process | undefined> {
    if (this.#known) {
      const { pid, process } = this.#known
      const now = parseProcess(await read(`/proc/${pid}/stat`))
      if (now && !isGone(now) && now.startedAt === process.startedAt && isNamed(now, name)) return now
    }
    this.#known = await firstNamed(name)
    return this.#known?.process
  }
}

async function firstNamed(name: string): Promise<Found | undefined> {
  const pids = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry))
  for (const pid of pids) {
    const process = parseProcess(await read(`/proc/${pid}/stat`))
    if (process && !isGone(process) && isNamed(process, name)) return { pid, process }
  }
  return undefined
}

async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}

/** The first bytes of a file that anybody may have written. */
async function readStart(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } catch {
    return ''
  }
}
