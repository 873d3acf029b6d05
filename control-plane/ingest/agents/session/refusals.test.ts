import t from 'tap'
import type { Outside } from '#shared/identity/scope.ts'
import { logLines } from '#test/support/store/journal.ts'
import { Refusals } from './refusals.ts'

const outside: Outside = { what: 'service', said: 'payroll', may: 'crm' }

t.test('what was refused is counted each time, told once, and shown for a while', async (t) => {
  const { log, lines } = logLines()
  let now = 0
  const refusals = new Refusals(log, () => now)
  refusals.note('n-1', outside)
  refusals.note('n-1', outside)
  refusals.note('n-2', { what: 'instances', said: 3, may: 2 })
  t.strictSame(refusals.counts(), { beyond_scope_service: 2, beyond_scope_instances: 1 })
  t.match(refusals.problems(), [/^IDENTITY_OUT_OF_SCOPE: of n-2, .*instances 3/, /n-1, the service payroll/])
  t.equal(lines.filter(({ level, said }) => level === 'warn' && said === 'payroll').length, 1)
  now = 11 * 60_000
  t.strictSame(refusals.problems(), [])
})

t.test('of many nodes some are named', async (t) => {
  const refusals = new Refusals(logLines().log, () => 0)
  for (let index = 0; index < 1_500; index += 1) refusals.note(`n-${index}`, outside)
  t.equal(refusals.problems().length, 6)
  t.match(refusals.problems().at(-1), /of 995 other nodes/)
})
