import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Folder = AsyncDisposable & { readonly path: string }

/** A new empty folder, removed with all that is in it at the end of its block. Servers that give up root's rights may enter it. */
export async function temporaryFolder(purpose: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), `heddle-${purpose}-`))
  await chmod(path, 0o755)
  return {
    path,
    // A server's last child may still write for a moment.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}
