import type { ProbeSpecOf, Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import type { ProbeOptions, ProbeResult } from './attempt.ts'
import { badAnswer, ended, exchange, more, needsLogin, ok, type Step } from './exchange.ts'
import { bounded, tamed } from './words.ts'

/** PING, as Redis and its relatives answer it, without a login. */
export function probeRedis(spec: ProbeSpecOf<'redis'>, options: ProbeOptions): Promise<ProbeResult> {
  return exchange(spec, options, { opening: Buffer.from('PING\r\n'), mostBytes: 1024, read: readPong })
}

export function readPong(bytes: Buffer): Step {
  const line = bytes.toString('latin1')
  if (line === '') return more
  if (!/^[+-]/.test(line)) return ended(badAnswer('not Redis'))
  const end = line.indexOf('\r\n')
  return end < 0 ? more : ended(meaningOf(line.slice(0, end)))
}

function meaningOf(line: string): Verdict {
  if (/^\+PONG$/i.test(line)) return ok
  const [, code, words = ''] = /^-([A-Z]+)\s*(.*)$/.exec(line) ?? []
  if (code === undefined) return badAnswer('not Redis')
  if (code === 'NOAUTH' || code === 'NOPERM' || code === 'WRONGPASS') return needsLogin
  // It is there and says what it lacks: still loading, without its master, its disk full, too many clients.
  return { health: 'warning', reason: reason('server_error', { code: bounded(code, 40), word: tamed(words) }) }
}
