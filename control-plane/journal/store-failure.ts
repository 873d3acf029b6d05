import { Failure } from '#shared/failure/failure.ts'

/** SQLite's primary result codes (the low byte of an extended one) that mean something to an operator. */
const busy = 5
const locked = 6
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

/**
 * What an error of the store means. A failure stays as it is; what is no error of SQLite comes back as STORE_UNAVAILABLE with its
 * cause, since whatever it was, the store did not do what it was asked.
 * @param path the database file, for the remedy
 */
export function storeFailure(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error
  switch (resultCode(error)) {
    case full:
      return unavailable(
        `There is no room for ${path}.`,
        `Make room on the disk of ${path}, or raise journal.max_megabytes.`,
      )
    case readOnly:
      return unavailable(
        `${path} cannot be written.`,
        `Make ${path} and its folder writable for the user of the process.`,
      )
    case ioError:
      return unavailable(`The disk of ${path} failed.`, `Check the disk of ${path}: room, limits, kernel log.`)
    case cannotOpen:
      return unavailable(
        `${path} cannot be opened.`,
        `Check that the folder of ${path} exists and is writable for the user of the process.`,
      )
    case busy:
    case locked:
      return unavailable(
        `${path} is locked by another program.`,
        `End the program that keeps a transaction open on ${path}.`,
      )
    case corrupt:
    case notADatabase:
      return new Failure('STORE_CORRUPT', `${path} is damaged.`, { cause: error })
    default:
      return unavailable(`The store ${path} failed.`)
  }

  function unavailable(message: string, remedy?: string): Failure {
    return new Failure('STORE_UNAVAILABLE', message, {
      retryable: true,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    })
  }
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
