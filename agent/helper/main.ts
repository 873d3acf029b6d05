#!/usr/bin/env node
import { once } from 'node:events'
import { Failure } from '#shared/failure/failure.ts'
import { runProgram } from '#shared/lifecycle/run-program.ts'
import { stopSignal } from '#shared/lifecycle/stop-signal.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { openNotifier } from '#shared/notify/open-notifier.ts'
import { agentVersion } from '../version.ts'
import { readList } from './read-list.ts'
import { openDoors } from './serve.ts'
import { usage } from './usage.ts'
import { verbs } from './verbs.ts'

const sayWithinMs = 5_000
/** Agents measure each 15 s: between two of their questions it stays. */
const endsAfterIdleMs = 40_000
const lookEveryMs = 1_000
/** What is under way when it is told to end may say so. */
const lastWordsMs = 5_000

/** The first socket that systemd hands over. */
const inherited = 3

/** Answers on the socket that systemd opened, until nobody asks any more. */
async function run(file: string): Promise<void> {
  const stop = stopSignal()
  const log = createLogger({ name: 'heddle-helper', level: 'info' })
  const { LISTEN_PID, LISTEN_FDS } = process.env
  if (Number(LISTEN_PID) !== process.pid || LISTEN_FDS !== '1') {
    throw new Failure('HELPER_SOCKET', 'no socket was handed over')
  }
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name]
  using notify = openNotifier(log)
  const { server, idleMs } = openDoors({ verbs, readList: () => readList(file), stop, log, sayWithinMs })
  server.listen({ fd: inherited })
  await once(server, 'listening')
  notify.ready()
  log.debug({ verbs: verbs.map(({ name }) => name) }, 'helper runs')
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const looking = setInterval(() => idleMs() > endsAfterIdleMs && end(), lookEveryMs)
  stop.addEventListener('abort', () => end(), { once: true })
  await ended
  clearInterval(looking)
  notify.stopping()
  // The socket stays systemd's: who asks from now on wakes the next one.
  server.close()
  setTimeout(() => process.exit(0), lastWordsMs).unref()
  if (server.listening || idleMs() === 0) await once(server, 'close')
}

/** There is nothing more to say of it. */
async function check(file: string): Promise<string> {
  await readList(file)
  return ''
}

process.exitCode = await runProgram({ usage, version: agentVersion, run, check }, process.argv.slice(2))
