import * as z from 'zod/mini'
import { BackupQuery, backupMedia } from '#shared/protocol/backup.ts'
import type { ApiOperation } from './operation.ts'

export const backupOperations: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/backup',
    id: 'getBackup',
    summary: 'All that the store holds as of now, to be restored with `heddle-plane restore`. One at a time.',
    query: BackupQuery,
    answer: z.string(),
    media: backupMedia,
    refusals: [409, 503],
  },
]
