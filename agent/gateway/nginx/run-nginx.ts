import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { endProcess, keepRunning } from '../keep-running.ts'
import { keepLogSmall } from '../log-file.ts'
import { signal } from '../process.ts'
import type { NginxProgram } from './find-nginx.ts'
import { findWorkersIn, readMaster, readMasterTitle } from './read-workers.ts'
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

/** An Nginx of the agent's own. */
export async function ownProcess(settings: GatewaySettings, nginx: NginxProgram, log: Logger): Promise<NginxProcess> {
  const kept = await keepRunning({
    name: 'nginx',
    gateway: settings.name,
    log,
    find: () => adopt(settings),
    spawn: (onExit) => spawnMaster(settings, nginx, onExit),
    tend: () => keepLogSmall(settings.errorLog),
    end: endMaster,
  })
  return {
    master: kept.pid,
    start: kept.start,
    async [Symbol.asyncDispose]() {
      await kept[Symbol.asyncDispose]()
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
    env: cleanEnvironment(),
    detached: true,
    stdio: ['ignore', 'ignore', errors.fd],
  })
  child.once('exit', onExit)
  await once(child, 'spawn')
  child.unref()
  return child.pid
}

function endMaster(master: number): Promise<void> {
  return endProcess(master, ['SIGQUIT', 'SIGTERM', 'SIGKILL'])
}
