import type { ChildProcess } from 'node:child_process'
import { Socket } from 'node:net'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'

/** What became of a command. `output` is the beginning (or the end) of what it wrote, both outputs together: at most 4 KiB. */
export type Ended =
  | { readonly kind: 'ended'; readonly code: number; readonly output: string }
  | { readonly kind: 'killed'; readonly signal: string; readonly output: string }
  | { readonly kind: 'timeout'; readonly output: string }
  | { readonly kind: 'not-started'; readonly error: string }
  | { readonly kind: 'given-up' }

const mostBytes = 4 * 1024
/** How long pipes that somebody still holds are waited for. */
const pipesHeldMs = 200

export type RunOptions = {
  /** Which part of its output is kept. */
  readonly keep?: 'beginning' | 'end'
  /** What it started lives on after its own end, as what restarts a server wants it. */
  readonly leaveBehind?: boolean
}

/**
 * Runs a program to its end, without a shell, in a process group of its own. At the timeout, when `stop` is signalled, and at its
 * end whatever is left of the group is killed. Never rejects.
 */
export async function runCommand(
  run: readonly string[],
  timeoutMs: number,
  stop: AbortSignal,
  { keep = 'beginning', leaveBehind = false }: RunOptions = {},
): Promise<Ended> {
  const [program = '', ...args] = run
  if (stop.aborted) return { kind: 'given-up' }
  const { spawn } = await import('node:child_process')
  return new Promise((resolve) => {
    const child = start(() =>
      spawn(program, args, { cwd: '/', env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'], detached: true }),
    )
    if (child instanceof Error) return resolve({ kind: 'not-started', error: codeOf(child) })
    const parts: Buffer[] = []
    let bytes = 0
    // What is too much is read all the same, so that the command does not wait for a reader.
    const take = (chunk: Buffer) => {
      if (keep === 'end') {
        parts.splice(0, parts.length, Buffer.concat([...parts, chunk]).subarray(-mostBytes))
        return
      }
      const kept = chunk.subarray(0, mostBytes - bytes)
      bytes += kept.length
      if (kept.length > 0) parts.push(kept)
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    const output = () => Buffer.concat(parts).toString('utf8')
    const end = (ended: Ended) => {
      clearTimeout(deadline)
      stop.removeEventListener('abort', giveUp)
      const left = leaveBehind && (ended.kind === 'ended' || ended.kind === 'killed')
      if (!left) killGroup(child)
      for (const pipe of [child.stdout, child.stderr]) {
        // Who still writes to a pipe that nobody reads would die of it.
        if (left && pipe instanceof Socket) pipe.off('data', take).resume().unref()
        else pipe?.destroy()
      }
      resolve(ended)
    }
    const giveUp = () => end({ kind: 'given-up' })
    const deadline = setTimeout(() => end({ kind: 'timeout', output: output() }), timeoutMs)
    stop.addEventListener('abort', giveUp, { once: true })
    child.once('error', (error) => end({ kind: 'not-started', error: codeOf(error) }))
    child.once('exit', (code, signal) => {
      // Its last words are in the pipe already, which ends with the last one of the group, unless something has left the group.
      if (!leaveBehind) killGroup(child)
      const tell = () => {
        clearTimeout(held)
        if (code === null) end({ kind: 'killed', signal: signal ?? 'unknown', output: output() })
        else end({ kind: 'ended', code, output: output() })
      }
      const held = setTimeout(tell, pipesHeldMs)
      child.once('close', tell)
    })
  })
}

/** Some errors of starting a program are thrown, others told later. */
function start(spawn: () => ChildProcess): ChildProcess | Error {
  try {
    return spawn()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of the group is left.
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'error'
}
