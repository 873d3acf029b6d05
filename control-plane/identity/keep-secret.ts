import { randomBytes } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failure } from '#shared/failure/failure.ts'
import { makeOnce } from '#shared/files/make-once.ts'

/**
 * The installation's secret, from its file. Of several that make it at the same time one does, and all have that.
 * Rejects with SECRET_UNUSABLE: nothing is signed with a secret that others could read, or that is not kept.
 * @param make makes the file if it is not there: where no other plane could have another one
 */
export async function keepSecret(path: string, { make }: { readonly make: boolean }): Promise<Uint8Array> {
  return (await read(path)) ?? (make ? await made(path) : missing(path))
}

async function read(path: string): Promise<Uint8Array | undefined> {
  let text: string
  let mode: number
  try {
    mode = (await stat(path)).mode
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new Failure('SECRET_UNUSABLE', `${path} cannot be read`, { cause })
  }
  if ((mode & 0o007) !== 0) {
    const remedy = `Take it from others by \`chmod o= ${path}\`; whoever could read it and the store meanwhile has the authority's key.`
    throw new Failure('SECRET_UNUSABLE', `every user of this machine may read or write ${path}`, { remedy })
  }
  const word = text.trim()
  const secret = Buffer.from(word, 'base64url')
  if (secret.length === 32 && secret.toString('base64url') === word) return secret
  throw new Failure('SECRET_UNUSABLE', `${path} does not hold 43 characters of base64url`)
}

async function made(path: string): Promise<Uint8Array> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await makeOnce(path, `${randomBytes(32).toString('base64url')}\n`, 0o600)
  } catch (cause) {
    throw new Failure('SECRET_UNUSABLE', `${path} cannot be made`, { cause })
  }
  return (await read(path)) ?? missing(path)
}

function missing(path: string): never {
  const remedy =
    'Copy it from a plane that runs; for the first plane make one: `openssl rand -base64 32 | tr +/ -_ | tr -d =`.'
  throw new Failure('SECRET_UNUSABLE', `${path} is not there`, { remedy })
}
