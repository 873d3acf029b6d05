import { once } from 'node:events'
import { Readable } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { Failure } from '#shared/failure/failure.ts'
import type { StoreSettings } from '../open-store.ts'
import { unpackFailure } from '../sqlite/worker-messages.ts'
import type { BackupAnswer, BackupOrder } from './backup-worker.ts'
import type { BackupWish } from './dump.ts'

/** For so long a reader may take nothing, and the whole may take: meanwhile the store cannot tidy up what the backup still sees. */
const limits = { stalledMs: 60_000, wholeMs: 30 * 60_000 }

export type BackupBounds = Partial<typeof limits> & {
  /** Breaks it off at once, with its reason. */
  readonly signal?: AbortSignal
}

export type OpenBackup = (wish: BackupWish) => Promise<Readable>

/**
 * Reads a backup of the store out of a thread of its own, beside whoever works on it. Resolves with the bytes of the file when the first
 * of them are there; the stream fails if it cannot be read to its end, or is read too slowly.
 * Rejects with STORE_UNAVAILABLE, STORE_CORRUPT or BACKUP_FAILED, or as the signal says.
 */
export async function openBackup(
  settings: StoreSettings,
  wish: BackupWish,
  { signal, ...bounds }: BackupBounds = {},
): Promise<Readable> {
  signal?.throwIfAborted()
  if (settings.path === ':memory:' && !settings.postgresql) {
    throw new Failure('BACKUP_FAILED', 'A store that nobody keeps cannot be backed up.', {
      remedy: 'Set journal.path.',
    })
  }
  const order: BackupOrder = { settings, wish }
  const worker = new Worker(new URL('./backup-worker.ts', import.meta.url), { workerData: order })
  const stream = streamOf(worker, { ...limits, ...bounds })
  const end = () => stream.destroy(signal?.reason)
  signal?.addEventListener('abort', end, { once: true })
  stream.once('close', () => signal?.removeEventListener('abort', end))
  await once(stream, 'readable')
  return stream
}

/** What the worker says, a piece at a time. Destroying it ends the worker. */
function streamOf(worker: Worker, { stalledMs, wholeMs }: typeof limits): Readable {
  const tooSlow = (why: string) => () =>
    stream.destroy(new Failure('BACKUP_FAILED', `The backup ${why}.`, { remedy: slowly }))
  const whole = setTimeout(tooSlow(`took more than ${wholeMs / 60_000} minutes`), wholeMs)
  let stalled: NodeJS.Timeout | undefined
  let over = false
  const stream = new Readable({
    highWaterMark: 1024 * 1024,
    read() {
      clearTimeout(stalled)
      worker.postMessage('more')
    },
    destroy(error, done) {
      clearTimeout(whole)
      clearTimeout(stalled)
      void worker.terminate().then(() => done(error), done)
    },
  })
  worker.on('message', (answer: BackupAnswer) => {
    // What was on its way when it was broken off must not begin the wait for a reader anew.
    if (stream.destroyed) return
    switch (answer.kind) {
      case 'chunk':
        clearTimeout(stalled)
        stalled = setTimeout(tooSlow(`was not read for ${stalledMs / 1_000} s`), stalledMs)
        stream.push(Buffer.from(answer.bytes.buffer, answer.bytes.byteOffset, answer.bytes.byteLength))
        return
      case 'done':
        over = true
        stream.push(null)
        return
      case 'failed':
        stream.destroy(unpackFailure(answer.failure))
    }
  })
  worker.on('error', (cause) => stream.destroy(new Failure('BACKUP_FAILED', 'The backup broke off', { cause })))
  worker.on('exit', () => {
    if (!over && !stream.destroyed) stream.destroy(new Failure('BACKUP_FAILED', 'The backup broke off'))
  })
  return stream
}

const slowly = 'Write it to a faster disk or over a faster network, or leave the metrics out.'
