import t from 'tap'
import { type ReasonCode, reason } from '#shared/protocol/reason.ts'
import { isSlow, Patience } from './patience.ts'
import type { Timed } from './timed.ts'

const accepted = (tookMs?: number): Timed => ({ health: 'passing', reason: reason('ok'), tookMs })
const failed = (code: ReasonCode): Timed => ({ health: 'critical', reason: reason(code), tookMs: 1 })

type Row = {
  readonly what: string
  readonly connected: Timed | undefined
  readonly kind?: 'tcp'
  readonly slow: boolean
}
const rows: readonly Row[] = [
  { what: 'nobody accepts a connection either', connected: failed('timeout'), slow: false },
  { what: 'it is refused by now', connected: failed('refused'), slow: false },
  { what: 'a connection is made at once, so it hangs', connected: accepted(2), slow: false },
  { what: 'a connection took so long that there was no time for an answer', connected: accepted(500), slow: true },
  { what: 'a connection took longer than the check may', connected: accepted(4_010), slow: true },
  { what: 'nobody says how long the connection took', connected: accepted(), slow: true },
  { what: 'accepting is all that is asked', connected: accepted(2), kind: 'tcp', slow: true },
  { what: 'the vantage has trouble of its own', connected: failed('unreachable'), slow: true },
  { what: 'the vantage was not heard', connected: undefined, slow: true },
]
for (const { what, connected, kind = 'http', slow } of rows) {
  t.test(`silence where ${what} is ${slow ? 'none' : 'silence'}`, async (t) =>
    t.equal(isSlow(connected, { kind, timeoutMs: 2_000 }), slow),
  )
}

t.test('a line is good once all who tried it say so, and slow as soon as one does', async (t) => {
  const patience = new Patience()
  t.equal(patience.line, 'good', 'nobody had to try')
  t.notOk(patience.hasBegun)
  patience.begin('n-a')
  patience.begin('n-b')
  t.strictSame([patience.hasTried('n-a'), patience.hasTried('n-z')], [true, false])
  patience.end(false)
  t.equal(patience.line, 'unknown')
  patience.end(false)
  t.equal(patience.line, 'good')
  patience.begin('n-c')
  patience.begin('n-d')
  patience.end(true)
  t.equal(patience.line, 'slow')
  patience.end(false)
  t.equal(patience.line, 'slow')
})
