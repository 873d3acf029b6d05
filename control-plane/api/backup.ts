import { pipeline, type Readable } from 'node:stream'
import { Router } from 'express'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { BackupQuery, backupMedia } from '#shared/protocol/backup.ts'
import { Refusal, readQuery } from './problem.ts'

/** Begins a backup; rejects with BACKUP_UNDERWAY while another one is read. `by`: who asked. */
export type BeginBackup = (asked: { readonly metrics: boolean; readonly by: string }) => Promise<Readable>

/** All that the store holds, as it is read. An answer that breaks off is no backup, and is cut off as one. */
export function backupRouter(begin: BeginBackup): Router {
  const router = Router()

  router.get('/backup', async (request, response) => {
    const { metrics, by = 'unknown' } = readQuery(BackupQuery, request.query)
    const source = await begin({ metrics: metrics === 'true', by }).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      const { code, remedy, retryable } = error
      throw new Refusal(code === 'BACKUP_UNDERWAY' ? 409 : retryable ? 503 : 500, explainError(error), { code, remedy })
    })
    response.setHeader('content-type', backupMedia)
    // It holds all that is secret.
    response.setHeader('cache-control', 'no-store')
    pipeline(source, response, () => {
      source.destroy()
    })
  })

  return router
}
