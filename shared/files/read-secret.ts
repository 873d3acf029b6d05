import { open } from 'node:fs/promises'
import { Failure } from '../failure/failure.ts'

const mostBytes = 64 * 1024

/**
 * A secret out of its file, without the end of its line. Rejects with SECRET_FILE: also where every user of the machine may read or write it,
 * since it is none then. What is in it is in no error.
 */
export async function readSecret(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r')
    // Of the file that is open: another one may take its name meanwhile.
    const { mode, size } = await file.stat()
    if ((mode & 0o007) !== 0) {
      const remedy = `Take it from others by \`chmod o= ${path}\`, and have the secret replaced if others use this machine.`
      throw new Failure('SECRET_FILE', `every user of this machine may read or write ${path}`, { remedy })
    }
    if (size > mostBytes) throw new Failure('SECRET_FILE', `${path} is too large for a secret`)
    return (await file.readFile('utf8')).replace(/\r?\n$/, '')
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw new Failure('SECRET_FILE', `${path} cannot be read`, { retryable: true, cause })
  }
}
