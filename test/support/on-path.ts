import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a program is that a machine may have: on PATH, or where servers are kept; undefined if it has none. */
export async function onPath(...names: readonly string[]): Promise<string | undefined> {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'].filter(Boolean)
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path
    }
  }
  return undefined
}
