import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, truncate } from 'node:fs/promises'
import { backoffMs } from '#shared/lifecycle/backoff.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { NginxProgram } from './find-nginx.ts'
import { findWorkersIn, isRunning, readMaster, readMasterTitle } from './read-workers.ts'
import { signal, sizeOf } from './reload.ts'
import type { GatewaySettings } from './settings.ts'

/** The running Nginx of a gateway. */
export interface NginxProcess extends AsyncDisposable {
  /** The pid of its master; undefined: it does not run. */
  master(): Promise<number | undefined>
  /** Starts it, if that is the agent's business, and gives the pid of its master. */
  start(): Promise<number | undefined>
}

/** An Nginx that somebody else starts and ends. */
export function foreignProcess({ pidFile }: GatewaySettings): NginxProcess {
  return {
    master: () => readMaster(pidFile),
    start: () => readMaster(pidFile),
    [Symbol.asyncDispose]: async () => {},
  }
}

const lookEveryMs = 1000
const restartPace = { firstMs: 200, mostMs: 10_000 }
const stopWithinMs = 10_000
const mostLogBytes = 16 * 1024 * 1024

/**
 * An Nginx of the agent's own. It outlives a killed agent, which finds it again by its pid file; an agent that stops in
 * order ends it. When its master dies it is started again.
 */
export async function ownProcess(settings: GatewaySettings, nginx: NginxProgram, log: Logger): Promise<NginxProcess> {
  const stop = new AbortController()
  const wake = new Wake()
  let master = await adopt(settings)

  const start = async () => {
    if (master === undefined || !(await isRunning(master))) {
      master = (await adopt(settings)) ?? (await spawnMaster(settings, nginx, () => wake.ring()))
    }
    return master
  }

  const watch = async () => {
    let failures = 0
    while (!stop.signal.aborted) {
      await wake.next(lookEveryMs, stop.signal)
      if (master === undefined || stop.signal.aborted) continue
      if (await isRunning(master)) {
        failures = 0
        await keepLogSmall(settings.errorLog)
        continue
      }
      failures += 1
      log.warn({ gateway: settings.name, pid: master }, 'nginx ended by itself; it is started again')
      await pause(backoffMs(restartPace, failures, Math.random()), stop.signal)
      if (!stop.signal.aborted) {
        await start().catch((err: unknown) => log.warn({ err, gateway: settings.name }, 'nginx does not start'))
      }
    }
  }
  const watching = watch().catch((err: unknown) => log.error({ err, gateway: settings.name }, 'nginx is not watched'))

  return {
    master: async () => (master !== undefined && (await isRunning(master)) ? master : undefined),
    start,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await watching
      if (master !== undefined) await endMaster(master)
      for (const pid of await findWorkersIn(settings.home)) signal(pid, 'SIGTERM')
    },
  }
}

/** The Nginx that an earlier run of the agent started, if it still is there. */
async function adopt({ pidFile, mainConfig }: GatewaySettings): Promise<number | undefined> {
  const pid = await readMaster(pidFile)
  if (pid === undefined) return undefined
  return (await readMasterTitle(pid))?.includes(mainConfig) ? pid : undefined
}

async function spawnMaster(
  settings: GatewaySettings,
  nginx: NginxProgram,
  onExit: () => void,
): Promise<number | undefined> {
  // Workers outlive a killed master and hold its ports.
  for (const pid of await findWorkersIn(settings.home)) signal(pid, 'SIGQUIT')
  await using errors = await open(settings.errorLog ?? '/dev/null', 'a', 0o640)
  // A session of its own: Ctrl-C in a terminal is for the agent, which ends Nginx in order.
  const child = spawn(nginx.program, [...nginx.quietly, '-p', settings.home, '-c', settings.mainConfig], {
    cwd: settings.home,
    detached: true,
    stdio: ['ignore', 'ignore', errors.fd],
  })
  child.once('exit', onExit)
  await once(child, 'spawn')
  child.unref()
  return child.pid
}

async function endMaster(master: number): Promise<void> {
  for (const name of ['SIGQUIT', 'SIGTERM', 'SIGKILL'] as const) {
    signal(master, name)
    const until = performance.now() + stopWithinMs
    while (performance.now() < until) {
      if (!(await isRunning(master))) return
      await pause(10, new AbortController().signal)
    }
  }
}

/** Nginx appends, so it goes on at the new end. */
async function keepLogSmall(file: string | undefined): Promise<void> {
  if (file !== undefined && (await sizeOf(file)) > mostLogBytes) await truncate(file)
}
