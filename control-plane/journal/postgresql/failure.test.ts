import { DatabaseError } from 'pg'
import t from 'tap'
import { explainError, Failure } from '#shared/failure/failure.ts'
import { endsConnection, postgresqlFailure } from './failure.ts'

function ofServer(code: string, severity = 'ERROR'): DatabaseError {
  return Object.assign(new DatabaseError(`said ${code}`, 0, 'error'), { code, severity })
}

for (const { error, message, remedy, ends } of [
  { error: ofServer('28P01', 'FATAL'), message: /refused the login/, remedy: /password_file/, ends: true },
  { error: ofServer('3D000', 'FATAL'), message: /no database/, remedy: /Create it/, ends: true },
  { error: ofServer('42501'), message: /does not permit/, remedy: /owner/, ends: false },
  { error: ofServer('53300', 'FATAL'), message: /no more connections/, remedy: /max_connections/, ends: true },
  { error: ofServer('53100'), message: /is full/, remedy: /Make room/, ends: false },
  { error: ofServer('25006'), message: /takes no changes/, remedy: /primary/, ends: true },
  { error: ofServer('57014'), message: /too long/, remedy: /statement_timeout/, ends: false },
  { error: ofServer('57P01', 'FATAL'), message: /cannot be reached/, remedy: /runs/, ends: true },
  { error: ofServer('08006'), message: /cannot be reached/, remedy: /runs/, ends: true },
  { error: ofServer('22003'), message: /failed/, remedy: /log of the database/, ends: false },
  { error: new Error('Connection terminated unexpectedly'), message: /cannot be reached/, remedy: /runs/, ends: true },
  { error: new Error('Query read timeout'), message: /cannot be reached/, remedy: /runs/, ends: true },
  {
    error: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    message: /cannot be reached/,
    remedy: /runs/,
    ends: true,
  },
  { error: 'anything', message: /failed/, remedy: /log of the database/, ends: true },
]) {
  t.test(`${explainError(error)} is named with what to do, and its cause is told`, async (t) => {
    const failure = postgresqlFailure(error, 'heddle at db:5432')
    t.match(failure, { code: 'STORE_UNAVAILABLE', retryable: true, message, remedy })
    t.match(failure.message, /heddle/)
    t.equal(failure.cause, error)
    t.equal(endsConnection(error), ends)
  })
}

t.test('damage is no outage', async (t) => {
  t.match(postgresqlFailure(ofServer('XX001'), 'heddle'), { code: 'STORE_CORRUPT', retryable: false })
})

t.test('a failure stays what it is', async (t) => {
  const failure = new Failure('LEADERSHIP_LOST', 'x')
  t.equal(postgresqlFailure(failure, 'heddle'), failure)
})
