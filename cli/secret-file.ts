import { open, rm } from 'node:fs/promises'
import { Failure } from '#shared/failure/failure.ts'

/**
 * Makes something secret and writes it to a new file that only this user can read. The file is there before it is made: what cannot be written
 * down would be lost. Rejects with ARGUMENT_INVALID, or as `make` does; then no file is left.
 */
export async function intoNewFile<T>(path: string, make: () => Promise<T>, textOf: (made: T) => string): Promise<T> {
  await using file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    const remedy = 'Name a file that is not there yet.'
    throw new Failure('ARGUMENT_INVALID', `${path} cannot be made`, { cause, remedy })
  })
  const made = await make().catch(async (error: unknown) => {
    await rm(path, { force: true })
    throw error
  })
  await file.writeFile(`${textOf(made)}\n`)
  await file.sync()
  return made
}
