import type { Socket } from 'node:net'
import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { attempt, type ProbeOptions, type ProbeResult } from './attempt.ts'
import { verdictOfError } from './connection.ts'
import { badAnswer, converse, type Exchange, ended, exchange, more, needsLogin, ok, type Step } from './exchange.ts'
import { tamed } from './words.ts'

const mostBytes = 8 * 1024

/**
 * The first exchange of PostgreSQL's protocol: whoever is asked for a login takes connections. Nothing secret is sent, and the
 * connection ends before the login, which the server does not take for a failed one.
 */
export function probePostgresql(spec: ProbeSpecOf<'postgresql'>, options: ProbeOptions): Promise<ProbeResult> {
  const session: Exchange = { opening: startup(spec), mostBytes, read: readStartup }
  // TLS begins within its own protocol.
  const { tls = false, ...target } = spec
  if (!tls) return exchange(target, options, session)
  return attempt(target, options, (socket, end) => {
    const done = (verdict: Verdict) => end({ verdict })
    const onClose = () => done(lost)
    socket.on('end', onClose).on('close', onClose)
    socket.once('data', (answer) => {
      socket.off('end', onClose).off('close', onClose)
      // N: it has no TLS. What is asked is whether it answers.
      if (answer.toString('latin1') === 'N') converse(socket, session, done)
      else if (answer.toString('latin1') === 'S') secure(socket, session, done)
      else done(badAnswer('not PostgreSQL'))
    })
    socket.write(wishForTls)
  })
}

/** SSLRequest. */
const wishForTls = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const lost: Verdict = { health: 'critical', reason: reason('reset') }

function secure(socket: Socket, session: Exchange, done: (verdict: Verdict) => void): void {
  import('node:tls').then(
    ({ connect }) => {
      const secured = connect({ socket, rejectUnauthorized: false })
      secured.on('error', (error) => done(verdictOfError(error)))
      converse(secured, session, done)
    },
    (error: unknown) => done(verdictOfError(error)),
  )
}

function startup({ user, database }: { readonly user: string; readonly database: string }): Buffer {
  const words = ['user', user, 'database', database, 'application_name', 'heddle']
  const body = Buffer.from(`${words.map((word) => `${word.replaceAll('\0', '')}\0`).join('')}\0`)
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + body.length, 0)
  // Version 3.0.
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, body])
}

export function readStartup(bytes: Buffer): Step {
  let rest = bytes
  for (;;) {
    if (rest.length === 0) return more
    const type = String.fromCharCode(rest[0] ?? 0)
    if (!'RENv'.includes(type)) return ended(badAnswer('not PostgreSQL'))
    if (rest.length < 5) return more
    const length = rest.readUInt32BE(1)
    // Before it has read who asks, it may answer with an E and a bare text: it could not even start a process for us.
    if (type === 'E' && length > mostBytes) return ended(serverError('none', rest.toString('utf8', 1)))
    if (length < 4 || length > mostBytes) return ended(badAnswer('not PostgreSQL'))
    if (rest.length < 1 + length) return more
    const body = rest.subarray(5, 1 + length)
    if (type === 'E') return ended(readError(body))
    if (type === 'R') {
      // Let in without a login, it would wait for queries.
      const isIn = body.length >= 4 && body.readInt32BE(0) === 0
      return isIn ? { kind: 'end', verdict: ok, goodbye: terminate } : ended(ok)
    }
    // A notice, or that it speaks an older 3.x: what counts comes after it.
    rest = rest.subarray(1 + length)
  }
}

const terminate = Buffer.from([0x58, 0, 0, 0, 4])

/** An ErrorResponse: fields of a letter and a text each, ended by zeros. */
function readError(body: Buffer): Verdict {
  const fields = new Map(
    body
      .toString('utf8')
      .split('\0')
      .filter((field) => field !== '')
      .map((field) => [field.slice(0, 1), field.slice(1)] as const),
  )
  const code = fields.get('C') ?? ''
  if (!/^[0-9A-Z]{5}$/.test(code)) return badAnswer('not PostgreSQL')
  return serverError(code, fields.get('M') ?? '')
}

function serverError(code: string, words: string): Verdict {
  // Who is not let in, or asks for a database that is not there, has been heard and answered.
  if (code.startsWith('28') || code === '3D000' || code === '42501') return needsLogin
  return { health: gravityOf(code), reason: reason('server_error', { code, word: tamed(words) }) }
}

/** By SQLSTATE: what nobody can use now is critical, what serves those whom it has is a warning. */
function gravityOf(code: string): 'warning' | 'critical' {
  // 57P01-3: shutting down, crashed, or starting up; 53: out of disk, memory or connections; 58, XX: broken.
  if (code === '53300' || code === '53400') return 'warning'
  return /^(57P0|53|58|XX|none)/.test(code) ? 'critical' : 'warning'
}
