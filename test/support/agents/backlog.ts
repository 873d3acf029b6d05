import { type Backlog, openBacklog } from '#agent/buffer/open-backlog.ts'
import { createLogger } from '#shared/logging/logger.ts'
import { type Folder, temporaryFolder } from '../folder.ts'

export type TestBacklog = AsyncDisposable & { readonly backlog: Backlog; readonly folder: string }

/** A backlog in a folder of its own. */
export async function temporaryBacklog(mostBytes = 4 * 1024 * 1024): Promise<TestBacklog> {
  const folder: Folder = await temporaryFolder('buffer')
  const log = createLogger({ name: 'test', level: 'silent' })
  const backlog = await openBacklog({ folder: folder.path, mostBytes }, log)
  return {
    backlog,
    folder: folder.path,
    async [Symbol.asyncDispose]() {
      await backlog[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
