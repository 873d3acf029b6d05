import { DatabaseError } from 'pg'
import { Failure } from '#shared/failure/failure.ts'

/** SQLSTATE codes that mean something to an operator. */
const states = {
  password: '28P01',
  login: '28000',
  noDatabase: '3D000',
  privilege: '42501',
  tooMany: '53300',
  full: '53100',
  readOnly: '25006',
  cancelled: '57014',
  lockTimeout: '55P03',
  idleInTransaction: '25P03',
  damaged: 'XX001',
  damagedIndex: 'XX002',
} as const

/** Whether after this error the connection is of no use any more. */
export function endsConnection(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return true
  const { severity, code = '' } = error
  // A server that became read-only may no longer be the one that its name leads to.
  return severity === 'FATAL' || severity === 'PANIC' || /^(08|57P)/.test(code) || code === states.readOnly
}

/**
 * What an error of PostgreSQL or of the way to it means. A failure stays as it is; everything else comes back as STORE_UNAVAILABLE with
 * its cause, or STORE_CORRUPT.
 * @param name of the database, for messages
 */
export function postgresqlFailure(error: unknown, name: string): Failure {
  if (error instanceof Failure) return error
  const state = error instanceof DatabaseError ? error.code : undefined
  switch (state) {
    case states.password:
    case states.login:
      return unavailable(
        `${name} refused the login`,
        'Check journal.postgresql.user and password_file; a new password in the file is taken at once.',
      )
    case states.noDatabase:
      return unavailable(`There is no database ${name}`, 'Create it, or correct journal.postgresql.database.')
    case states.privilege:
      return unavailable(
        `${name} does not permit what is needed`,
        'Make journal.postgresql.user the owner of the database, or of the schema that it uses.',
      )
    case states.tooMany:
      return unavailable(
        `${name} takes no more connections`,
        'Raise max_connections of the server, or lower journal.postgresql.connections.',
      )
    case states.full:
      return unavailable(`The disk of ${name} is full`, 'Make room on the disk of the database server.')
    case states.readOnly:
      return unavailable(
        `${name} takes no changes`,
        'Check that journal.postgresql.host leads to the primary, and that default_transaction_read_only is off.',
      )
    case states.cancelled:
    case states.lockTimeout:
    case states.idleInTransaction:
      return unavailable(
        `${name} took too long`,
        'Look for locks and load on the database server (pg_stat_activity), or raise journal.postgresql.statement_timeout.',
      )
    case states.damaged:
    case states.damagedIndex:
      return new Failure('STORE_CORRUPT', `${name} is damaged`, {
        cause: error,
        remedy: 'Keep a copy of the database, and restore a backup.',
      })
    default:
      if (state === undefined ? isOfConnection(error) : /^(08|57P)/.test(state)) {
        return unavailable(
          `${name} cannot be reached`,
          'Check that the database server runs, and host, port, tls and ca_file of journal.postgresql.',
        )
      }
      return unavailable(`${name} failed`, 'Look into the log of the database server.')
  }

  function unavailable(message: string, remedy: string): Failure {
    return new Failure('STORE_UNAVAILABLE', message, { retryable: true, cause: error, remedy })
  }
}

/** Errors of the system and of TLS have a code; those of the driver itself do not. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return 'code' in error || error instanceof AggregateError || /connect|terminated|timeout/i.test(error.message)
}
