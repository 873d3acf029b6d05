import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { storeFailure } from './failure.ts'

/** An error as node:sqlite throws it. */
const sqliteError = (errcode: number) => Object.assign(new Error('of SQLite'), { code: 'ERR_SQLITE_ERROR', errcode })

for (const { what, errcode, code, retryable, remedy } of [
  { what: 'a full disk', errcode: 13, code: 'STORE_UNAVAILABLE', retryable: true, remedy: /Make room/ },
  {
    what: 'a failing disk',
    errcode: 10 | (3 << 8),
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    remedy: /Check the disk/,
  },
  { what: 'a read-only file', errcode: 8, code: 'STORE_UNAVAILABLE', retryable: true, remedy: /writable/ },
  { what: 'a folder that is not there', errcode: 14, code: 'STORE_UNAVAILABLE', retryable: true, remedy: /folder/ },
  { what: "another program's lock", errcode: 5, code: 'STORE_UNAVAILABLE', retryable: true, remedy: /transaction/ },
  { what: 'a damaged file', errcode: 11 | (1 << 8), code: 'STORE_CORRUPT', retryable: false, remedy: /backup/ },
  { what: 'another kind of file', errcode: 26, code: 'STORE_CORRUPT', retryable: false, remedy: /backup/ },
  { what: 'anything else', errcode: 1, code: 'STORE_UNAVAILABLE', retryable: true, remedy: /./ },
]) {
  t.test(`${what} says ${code} and what to do`, async (t) => {
    const cause = sqliteError(errcode)
    t.match(storeFailure(cause, '/var/heddle.db'), { code, retryable, remedy, message: /heddle\.db/, cause })
  })
}

t.test('a file that the user may not reach is not said to come back by itself', async (t) => {
  const cause = Object.assign(new Error('EACCES: permission denied, stat'), { code: 'EACCES' })
  t.match(storeFailure(cause, '/var/heddle.db'), { code: 'STORE_UNAVAILABLE', remedy: /writable for the user/, cause })
})

t.test('a failure stays what it is', async (t) => {
  const failure = new Failure('STORE_IN_USE', 'taken')
  t.equal(storeFailure(failure, 'x'), failure)
  t.match(storeFailure('not even an error', 'x'), { code: 'STORE_UNAVAILABLE' })
})
