import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { createLogger } from '#shared/logging/logger.ts'
import type { StoreSettings } from '../open-store.ts'
import { postgresqlFailure } from '../postgresql/failure.ts'
import { storeFailure } from '../sqlite/failure.ts'
import { packFailure, type StoredFailure } from '../sqlite/worker-messages.ts'
import { connectToRead } from './connect.ts'
import { type BackupWish, type Dumped, dump } from './dump.ts'
import { packed } from './pack.ts'

// The entry of the thread that reads a store and packs what it reads, a piece at a time: the next one when the last one was taken.

export type BackupOrder = { readonly settings: StoreSettings; readonly wish: BackupWish }

export type BackupAnswer =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly dumped: Dumped }
  | { readonly kind: 'failed'; readonly failure: StoredFailure }

if (parentPort) await serve(parentPort, workerData as BackupOrder)

async function serve(port: NonNullable<typeof parentPort>, { settings, wish }: BackupOrder): Promise<void> {
  const answer = (message: BackupAnswer) => port.postMessage(message)
  const log = createLogger({ name: 'heddle-plane', level: 'warn' })
  let taken: (() => void) | undefined
  port.on('message', () => {
    const next = taken
    taken = undefined
    next?.()
  })
  const out = new Writable({
    write(bytes: Buffer, _encoding, done) {
      taken = done
      answer({ kind: 'chunk', bytes })
    },
  })
  try {
    await using store = await connectToRead(settings)
    const { stream, write, end } = packed()
    const written = pipeline(stream, out)
    written.catch(() => {})
    const dumped = await dump(store.db, wish, write, log)
    end()
    await written
    answer({ kind: 'done', dumped })
  } catch (error) {
    answer({ kind: 'failed', failure: packFailure(backupFailure(error, settings)) })
  }
  port.close()
}

function backupFailure(error: unknown, { path, postgresql }: StoreSettings): Failure {
  if (error instanceof Failure) return error
  const failure = postgresql ? postgresqlFailure(error, postgresql.database) : storeFailure(error, path)
  return failure.cause === undefined ? new Failure('BACKUP_FAILED', explainError(error)) : failure
}
