import { readFile, stat } from 'node:fs/promises'
import { readApiToken } from '#shared/access/token.ts'
import { Failure } from '#shared/failure/failure.ts'

const mostBytes = 4_096

/** What says to the plane who asks: the headers of each request. */
export type Credentials = () => Promise<Readonly<Record<string, string>>>

/** Reads the token once, when it is needed first. @param file undefined: there is none, and nothing is said */
export function credentialsFrom(file: string | undefined): Credentials {
  let read: Promise<Readonly<Record<string, string>>> | undefined
  return () => {
    read ??= file === undefined ? Promise.resolve({}) : headersOf(file)
    return read
  }
}

async function headersOf(file: string): Promise<Readonly<Record<string, string>>> {
  const text = await textOf(file)
  const word = text.trim()
  // What is in it is not repeated: it may be most of a token.
  if (!readApiToken(word)) {
    throw new Failure('TOKEN_UNREADABLE', `${file} holds no token of the API`)
  }
  return { authorization: `Bearer ${word}` }
}

async function textOf(file: string): Promise<string> {
  try {
    const { size, mode } = await stat(file)
    if ((mode & 0o007) !== 0) {
      const remedy = `Take it from others by \`chmod o= ${file}\`, and have it replaced if others use this machine.`
      throw new Failure('TOKEN_UNREADABLE', `every user of this machine may read or write ${file}`, { remedy })
    }
    if (size > mostBytes) throw new Failure('TOKEN_UNREADABLE', `${file} is too large to be a token`)
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    throw new Failure('TOKEN_UNREADABLE', `${file} cannot be read`, { cause })
  }
}
