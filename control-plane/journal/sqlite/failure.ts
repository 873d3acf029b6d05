import { Failure } from '#shared/failure/failure.ts'

/** SQLite's primary result codes (the low byte of an extended one) that mean something to an operator. */
export const resultCodes = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const

/** Whether an error is one of SQLite's with one of these primary codes. */
export function hasResult(error: unknown, codes: readonly number[]): boolean {
  const code = resultCode(error)
  return code !== undefined && codes.includes(code)
}

/**
 * What an error of the store means. A failure stays as it is; what is no error of SQLite comes back as STORE_UNAVAILABLE with its
 * cause, since whatever it was, the store did not do what it was asked.
 * @param path the database file, for the remedy
 */
export function storeFailure(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error
  switch (resultCode(error)) {
    case resultCodes.full:
      return unavailable(
        `There is no room for ${path}`,
        `Make room on the disk of ${path}, or raise journal.max_megabytes.`,
      )
    case resultCodes.readOnly:
      return unavailable(
        `${path} cannot be written`,
        `Make ${path} and its folder writable for the user of the process.`,
      )
    case resultCodes.ioError:
      return unavailable(
        `The disk of ${path} failed`,
        `Check the disk of ${path}: room, limits, whether it became read-only, the kernel's log.`,
      )
    case resultCodes.cannotOpen:
      return cannotOpen()
    case resultCodes.busy:
    case resultCodes.locked:
      return unavailable(
        `${path} is locked by another program`,
        `End the program that keeps a transaction open on ${path}.`,
      )
    case resultCodes.corrupt:
    case resultCodes.notADatabase:
      return new Failure('STORE_CORRUPT', `${path} is damaged`, { cause: error })
    default:
      return isOutOfReach(error) ? cannotOpen() : unavailable(`The store ${path} failed`)
  }

  function cannotOpen(): Failure {
    return unavailable(
      `${path} cannot be opened`,
      `Check that the folder of ${path} exists and is writable for the user of the process.`,
    )
  }

  function unavailable(message: string, remedy?: string): Failure {
    return new Failure('STORE_UNAVAILABLE', message, {
      retryable: true,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
}

/** What the system says where a file or its folder is not there or not ours. */
function isOutOfReach(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EACCES' || code === 'EPERM' || code === 'ENOENT' || code === 'ENOTDIR' || code === 'EROFS'
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
