import fc from 'fast-check'
import t from 'tap'
import type { Environment } from '../fleet/environments.ts'
import { afterStep, nextStep, type Outcome, released, waitMs } from './next-step.ts'

const begun: Environment = {
  ...{ number: 1, id: 'e-1', tenant: 'acme', key: 'k', requestHash: 'h', state: 'creating', username: 'anna' },
  ...{ email: undefined, userId: undefined, steps: { user: 'none', grants: 'none' } },
  server: { instance: 'a', node: 'n', site: 's', machine: 'm' },
  requirement: { units: 1, labels: {}, spread: 'site' },
  ...{ author: 'anna', reason: 'trial', code: '', why: '', failures: 0, createdAt: 0, updatedAt: 0, dueAt: 0 },
  ...{ expiresAt: undefined, version: 1 },
}
const made: Outcome = { kind: 'done', userId: 'u-1' }
const away: Outcome = { kind: 'away', why: 'no answer' }

function run(from: Environment, outcomes: readonly Outcome[]): Environment {
  let environment = from
  for (const outcome of outcomes) {
    const step = nextStep(environment)
    if (step) environment = afterStep(environment, step, step === 'finish' ? made : outcome, 3, 1_000)
  }
  return environment
}

t.test('one is made step by step, and released the other way round', async (t) => {
  const ready = run(begun, [made, made, made])
  t.match(ready, { state: 'ready', userId: 'u-1', steps: { user: 'done', grants: 'done' }, dueAt: undefined })
  const leaving = released(ready, 'gone', 5)
  t.match(leaving, { state: 'releasing', why: 'gone', dueAt: 5 })
  t.equal(leaving && nextStep(leaving), 'revoke')
  t.match(leaving && run(leaving, [made, made, made]), { state: 'released', steps: { user: 'none', grants: 'none' } })
})

t.test('what was refused is undone at once, what was not answered after some tries', async (t) => {
  t.match(run(begun, [{ kind: 'refused', why: 'taken' }]), {
    state: 'undoing',
    code: 'ENVIRONMENT_REFUSED',
    why: 'taken',
  })
  t.match(run(begun, [away, away]), { state: 'creating', failures: 2 })
  t.match(run(begun, [away, away, away]), { state: 'undoing', code: 'ENVIRONMENT_ZERVI_AWAY', failures: 0 })
  t.match(run(begun, [away, made, away, away]), { state: 'creating' }, 'each step has its own tries')
})

t.test('one that failed gives its key back', async (t) => {
  t.match(run(begun, [away, away, away, made]), { state: 'failed', key: 'e-1', code: 'ENVIRONMENT_ZERVI_AWAY' })
})

t.test('only what is ready is released', async (t) => {
  for (const state of ['creating', 'undoing', 'failed', 'releasing', 'released'] as const) {
    t.equal(released({ ...begun, state }, 'x', 1), undefined, state)
  }
})

t.test('between tries there is more and more time, up to ten minutes', async (t) => {
  t.strictSame([1, 2, 3].map(waitMs), [500, 1_000, 2_000])
  t.equal(waitMs(1_000), 600_000)
})

t.test('whatever fails, in the end it is ready with all of it or over with nothing', async (t) => {
  const outcome = fc.oneof(fc.constant(made), fc.constant(away), fc.constant<Outcome>({ kind: 'refused', why: 'no' }))
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 30 }), fc.boolean(), (outcomes, leaves) => {
      let environment = run(begun, outcomes)
      if (leaves) environment = released(environment, 'x', 1) ?? environment
      environment = run(environment, outcomes)
      // From then on all goes well.
      environment = run(
        environment,
        Array.from({ length: 10 }, () => made),
      )
      const { state, steps } = environment
      const all = steps.user === 'done' && steps.grants === 'done'
      const nothing = steps.user === 'none' && steps.grants === 'none'
      return state === 'ready' ? all : (state === 'failed' || state === 'released') && nothing
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})
