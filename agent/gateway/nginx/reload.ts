import { open } from 'node:fs/promises'
import { explainError } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { sizeOf } from '../log-file.ts'
import { isRunning, signal } from '../process.ts'
import { askProof } from './ask-proof.ts'
import { type Complaint, readComplaint } from './complaint.ts'
import { readWorkers } from './read-workers.ts'
import type { GatewaySettings } from './settings.ts'
import { drainingGenerations, turnover, type Worker } from './workers.ts'

export type ReloadResult =
  | { readonly state: 'proven' }
  /** `kept`: Nginx said that it goes on with what it had. Otherwise nobody knows what it serves. */
  | { readonly state: 'failed'; readonly complaint: Complaint; readonly kept: boolean }

const firstLookMs = 3
const laterLookMs = 25
const quickForMs = 500

/**
 * Makes a running Nginx read its files again, and proves that it did: no worker of the older generation takes new
 * connections, and one of the new answers with `hash`.
 */
export async function reload(
  settings: GatewaySettings,
  master: number,
  hash: string,
  stop: AbortSignal,
): Promise<ReloadResult> {
  const before = await readWorkers(master)
  const logged = await sizeOf(settings.errorLog)
  try {
    if (!(await settings.reloadUnit?.(stop))) signal(master, 'SIGHUP')
  } catch (error) {
    // Nobody has told it anything: it goes on with what it has.
    return { state: 'failed', complaint: { message: explainError(error) }, kept: true }
  }
  return prove(settings, master, before, hash, logged, stop)
}

/**
 * Proves that an Nginx that was just started serves `hash`.
 * @param logged the size of its error log before it was started
 */
export async function proveStarted(
  settings: GatewaySettings,
  master: number,
  hash: string,
  logged: number,
  stop: AbortSignal,
): Promise<ReloadResult> {
  return prove(settings, master, [], hash, logged, stop)
}

/** Ends the workers of the oldest draining generations until fewer than `most` are left. */
export async function endOldest(master: number, most: number): Promise<number> {
  const generations = drainingGenerations(await readWorkers(master))
  const ended = generations.slice(0, Math.max(0, generations.length - most + 1)).flat()
  for (const { pid } of ended) signal(pid, 'SIGTERM')
  return ended.length
}

async function prove(
  settings: GatewaySettings,
  master: number,
  before: readonly Worker[],
  hash: string,
  logged: number,
  stop: AbortSignal,
): Promise<ReloadResult> {
  const startedAt = performance.now()
  let asked = false
  for (;;) {
    const { newReady, oldServing } = turnover(before, await readWorkers(master))
    if (newReady && settings.hasten && !asked) {
      // The master tells its old workers to finish 100 ms after the new ones were started, ready or not. They are ready.
      for (const { pid } of oldServing) signalIfAllowed(pid, 'SIGQUIT')
      asked = true
    }
    if (newReady && oldServing.length === 0 && (await askProof(settings.proof)) === hash) return { state: 'proven' }
    const complaint = await complaintSince(settings.errorLog, logged)
    if (complaint) return { state: 'failed', complaint, kept: true }
    if (!(await isRunning(master))) return failed('Nginx ended')
    const elapsed = performance.now() - startedAt
    if (elapsed > settings.proofTimeoutMs) {
      const old = oldServing.length > 0 ? `, ${oldServing.length} workers of the old generation go on` : ''
      return failed(`Nginx does not prove the new files within ${settings.proofTimeoutMs} ms${old}`)
    }
    await pause(elapsed < quickForMs ? firstLookMs : laterLookMs, stop)
    stop.throwIfAborted()
  }
}

function failed(message: string): ReloadResult {
  return { state: 'failed', complaint: { message }, kept: false }
}

function signalIfAllowed(pid: number, name: NodeJS.Signals): void {
  try {
    signal(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}

/** Only [emerg] keeps a master from taking new files. */
async function complaintSince(file: string | undefined, offset: number): Promise<Complaint | undefined> {
  if (file === undefined || (await sizeOf(file)) <= offset) return undefined
  try {
    await using handle = await open(file)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, offset)
    const grave = buffer
      .toString('utf8', 0, bytesRead)
      .split('\n')
      .filter((line) => line.includes('[emerg]'))
    const complaint = readComplaint(grave.join('\n'))
    // It tries for 2.5 s to bind, and takes no signals meanwhile.
    if (complaint?.message.startsWith('bind()') && !grave.some((line) => line.includes('still could not bind')))
      return undefined
    return complaint
  } catch {
    return undefined
  }
}
