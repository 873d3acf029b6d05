import { open } from 'node:fs/promises'
import { Failure } from '../failure/failure.ts'

const mostBytes = 64 * 1024

/**
 * A secret out of its file, without the end of its line. Rejects with SECRET_FILE: also where every user of the machine may read or write it,
 * since it is none then. What is in it is in no error.
 */
export async function readSecret(path: string): Promise<string> {
  return readChecked(path, true)
}

async function readChecked(path: string, othersMayNot: boolean): Promise<string> {
  try {
    await using file = await open(path, 'r')
    // Of the file that is open: another one may take its name meanwhile.
    const { mode, size } = await file.stat()
    if (othersMayNot && (mode & 0o007) !== 0) {
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

/** Where Kubernetes mounts what belongs to one Pod. */
const ofThisPod = '/var/run/secrets/'

/**
 * As `readSecret`; but what Kubernetes has mounted for this Pod may be readable by all of its users: it gives tokens that mode by default, and
 * nobody else is there.
 */
export async function readMountedSecret(path: string): Promise<string> {
  return readChecked(path, !path.startsWith(ofThisPod) || path.includes('..'))
}
