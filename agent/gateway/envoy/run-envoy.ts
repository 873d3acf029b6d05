import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readState } from '#shared/envoy/drain.ts'
import { cleanEnvironment } from '#shared/host/clean-environment.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { endProcess, type KeptProcess, keepRunning } from '../keep-running.ts'
import { keepLogSmall } from '../log-file.ts'
import { finishRequests } from './finish-requests.ts'
import type { EnvoySettings } from './settings.ts'

/** How long requests may take to be answered when the agent stops in order. */
const finishWithinMs = 3_000

/** An Envoy of the agent's own; it is started by `start`. */
export async function ownEnvoy(settings: EnvoySettings, program: string, log: Logger): Promise<KeptProcess> {
  await mkdir(settings.home, { recursive: true, mode: 0o755 })
  const left = await findRunning(settings.bootstrap)
  if (left !== undefined && (await isEnding(settings))) await endProcess(left, ['SIGTERM', 'SIGKILL'])
  await rm(endingFile(settings), { force: true })
  return keepRunning({
    name: 'envoy',
    gateway: settings.name,
    log,
    find: () => findRunning(settings.bootstrap),
    spawn: (onExit) => spawnEnvoy(settings, program, onExit),
    tend: () => keepLogSmall(settings.errorLog),
    async end(pid) {
      await writeFile(endingFile(settings), '')
      await finishRequests(settings.admin, finishWithinMs)
      await endProcess(pid, ['SIGTERM', 'SIGKILL'])
      await rm(endingFile(settings), { force: true })
    },
  })
}

/**
 * Whether an agent was about to end this Envoy when it was killed itself: then it takes no connections any more. One that only drains, as it
 * was ordered, does.
 */
async function isEnding(settings: EnvoySettings): Promise<boolean> {
  if (existsSync(endingFile(settings))) return true
  const drains = (await readState(settings.admin).catch(() => '')) === 'DRAINING'
  return drains && !existsSync(settings.drainFile)
}

function endingFile({ home }: EnvoySettings): string {
  return join(home, 'ending')
}

/** The Envoy that was started with this file; undefined: none is. */
export async function findRunning(bootstrap: string): Promise<number | undefined> {
  const all = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const found = await Promise.all(
    all.map(async (pid) => {
      const [program, ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
      return program?.endsWith('envoy') && args[args.indexOf('-c') + 1] === bootstrap ? pid : undefined
    }),
  )
  return found.find((pid) => pid !== undefined)
}

async function spawnEnvoy(settings: EnvoySettings, program: string, onExit: () => void): Promise<number | undefined> {
  const { bootstrap, workers, home, errorLog } = settings
  await using errors = await open(errorLog ?? '/dev/null', 'a', 0o640)
  const threads = workers === undefined ? [] : ['--concurrency', String(workers)]
  // Without hot restart Envoy needs no shared memory, over which several on one machine would fall out.
  const args = ['-c', bootstrap, ...threads, '--disable-hot-restart', '--log-level', 'warn']
  // A session of its own: Ctrl-C in a terminal is for the agent, which ends Envoy in order.
  const child = spawn(program, args, {
    ...{ cwd: home, env: cleanEnvironment(), detached: true },
    stdio: ['ignore', 'ignore', errors.fd],
  })
  child.once('exit', onExit)
  await once(child, 'spawn')
  child.unref()
  return child.pid
}
