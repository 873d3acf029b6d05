import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { isRunning, signal } from './process.ts'

/** A proxy that the agent runs. */
export type KeptProcess = AsyncDisposable & {
  /** Undefined: it does not run. */
  pid(): Promise<number | undefined>
  /** Starts it unless it runs, and gives its pid. */
  start(): Promise<number | undefined>
}

/** What is particular to a proxy that the agent runs. */
export type Keeping = {
  /** For the log: `nginx` */
  readonly name: string
  readonly gateway: string
  readonly log: Logger
  /** The process that an earlier run of the agent started, if it still is there. */
  readonly find: () => Promise<number | undefined>
  readonly spawn: (onExit: () => void) => Promise<number | undefined>
  /** Called now and then while it runs. */
  readonly tend: () => Promise<void>
  readonly end: (pid: number) => Promise<void>
}

const lookEveryMs = 1000
const restartPace = { firstMs: 200, mostMs: 10_000 }
const stopWithinMs = 10_000

/**
 * Keeps a proxy running. It outlives a killed agent, which finds it again; an agent that stops in order ends it. When it dies it is
 * started again.
 */
export async function keepRunning({ name, gateway, log, find, spawn, tend, end }: Keeping): Promise<KeptProcess> {
  const stop = new AbortController()
  const wake = new Wake()
  let pid = await find()

  const start = async () => {
    if (pid === undefined || !(await isRunning(pid))) pid = (await find()) ?? (await spawn(() => wake.ring()))
    return pid
  }

  const watch = async () => {
    let failures = 0
    while (!stop.signal.aborted) {
      await wake.next(lookEveryMs, stop.signal)
      if (pid === undefined || stop.signal.aborted) continue
      if (await isRunning(pid)) {
        failures = 0
        await tend()
        continue
      }
      failures += 1
      log.warn({ gateway, pid }, `${name} ended by itself; it is started again`)
      await pause(backoffMs(restartPace, failures, Math.random()), stop.signal)
      if (!stop.signal.aborted) {
        await start().catch((err: unknown) => log.warn({ err, gateway }, `${name} does not start`))
      }
    }
  }
  const watching = watch().catch((err: unknown) => log.error({ err, gateway }, `${name} is not watched`))

  return {
    pid: async () => (pid !== undefined && (await isRunning(pid)) ? pid : undefined),
    start,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching
      if (pid !== undefined) await end(pid)
    },
  }
}

/** Ends a process by the first of these signals that it follows within 10 s. */
export async function endProcess(pid: number, signals: readonly NodeJS.Signals[]): Promise<void> {
  for (const name of signals) {
    signal(pid, name)
    const until = performance.now() + stopWithinMs
    while (performance.now() < until) {
      if (!(await isRunning(pid))) return
      await pause(10, new AbortController().signal)
    }
  }
}
