import t from 'tap'
import type { Health } from '#shared/protocol/check.ts'
import { type ReasonCode, reason } from '#shared/protocol/reason.ts'
import { specOf } from '#test/support/agents/agent-client.ts'
import { type Finding, findingOf, remoteCheck } from './vantage.ts'

type Row = { readonly health: Health; readonly code: ReasonCode; readonly error?: string; readonly finding: Finding }

const found: readonly Row[] = [
  { health: 'passing', code: 'ok', finding: 'passed' },
  { health: 'warning', code: 'unknown_word', finding: 'passed' },
  { health: 'critical', code: 'refused', finding: 'refused' },
  { health: 'critical', code: 'timeout', finding: 'no-answer' },
  { health: 'critical', code: 'unreachable', error: 'EHOSTUNREACH', finding: 'no-answer' },
  { health: 'critical', code: 'http_status', finding: 'other' },
  { health: 'critical', code: 'identity_mismatch', finding: 'other' },
  { health: 'unknown', code: 'no_verdict', finding: 'other' },
  // The vantage's own trouble: a name it cannot look up, a network it is not in, sockets it does not have.
  { health: 'critical', code: 'unreachable', error: 'ENOTFOUND', finding: 'other' },
  { health: 'critical', code: 'unreachable', error: 'EAI_AGAIN', finding: 'other' },
  { health: 'critical', code: 'unreachable', error: 'ENETUNREACH', finding: 'other' },
  { health: 'unknown', code: 'unreachable', error: 'EMFILE', finding: 'other' },
]
for (const { health, code, error, finding } of found) {
  const params = error === undefined ? undefined : { error }
  t.test(`${health} with ${code} ${error ?? ''} is found as ${finding}`, async (t) =>
    t.equal(findingOf({ health, reason: reason(code, params) }), finding),
  )
}

t.test('a vantage that was not heard has no verdict', async (t) => t.equal(findingOf(undefined), 'unanswered'))

t.test('a check on loopback has no vantage', async (t) => {
  t.equal(remoteCheck(specOf({ id: 'a', address: '127.0.0.1' })), undefined)
  t.equal(remoteCheck(specOf({ id: 'a', checks: [] })), undefined)
  t.match(remoteCheck(specOf({ id: 'a', address: '10.0.0.9' })), { address: '10.0.0.9' })
})
