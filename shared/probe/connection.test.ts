import t from 'tap'
import { reasonText } from '../protocol/reason.ts'
import { verdictOfError } from './connection.ts'

const failed = (code: string) => Object.assign(new Error(code), { code })

for (const { error, says } of [
  { error: failed('ECONNREFUSED'), says: 'critical refused' },
  { error: Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), says: 'critical refused' },
  { error: failed('ECONNRESET'), says: 'critical reset' },
  { error: failed('EPIPE'), says: 'critical reset' },
  { error: failed('ETIMEDOUT'), says: 'critical timeout' },
  { error: failed('EHOSTUNREACH'), says: 'critical unreachable error=EHOSTUNREACH' },
  { error: failed('ENOTFOUND'), says: 'critical unreachable error=ENOTFOUND' },
  { error: failed('EMFILE'), says: 'unknown unreachable error=EMFILE' },
  { error: failed('EADDRNOTAVAIL'), says: 'unknown unreachable error=EADDRNOTAVAIL' },
  {
    error: Object.assign(new Error('write EPROTO 40:error:0A00010B:SSL routines:tls_validate:wrong version number:'), {
      code: 'EPROTO',
    }),
    says: 'critical bad_answer error=not TLS',
  },
  {
    error: Object.assign(new Error('40:error:0A000410:SSL routines:ssl3_read_bytes:handshake failure'), {
      code: 'EPROTO',
    }),
    says: 'critical unreachable error=EPROTO',
  },
  { error: new Error('no code'), says: 'critical unreachable error=error' },
  { error: 'no error', says: 'critical unreachable error=error' },
]) {
  t.test(`${String(error)} says ${says}`, async (t) => {
    const { health, reason } = verdictOfError(error)
    t.equal(`${health} ${reasonText(reason)}`, says)
  })
}
