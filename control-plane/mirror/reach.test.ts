import t from 'tap'
import { Failure } from '#shared/failure/failure.ts'
import { Reach } from './reach.ts'

await t.test('one failure opens the circuit and one success closes it', async (t) => {
  const reach = new Reach()
  t.ok(reach.up)
  t.ok(reach.fail(new Error('a')))
  t.notOk(reach.fail(new Error('b')), 'told once')
  t.match(reach, { up: false, error: { message: 'b' }, outages: 2 })
  t.ok(reach.succeed())
  t.notOk(reach.succeed())
  t.match(reach, { up: true, error: undefined })
})

await t.test('waits between attempts grow to a limit', async (t) => {
  const reach = new Reach()
  for (let i = 0; i < 30; i += 1) reach.fail(new Error('a'))
  t.ok(reach.waitMs >= 2_500 && reach.waitMs <= 5_000)
})

await t.test('a failure that waiting does not cure needs a person', async (t) => {
  const reach = new Reach()
  reach.fail(new Failure('CONSUL_UNREACHABLE', 'x', { retryable: true }))
  t.notOk(reach.needsPerson)
  reach.fail(new Failure('CONSUL_FORBIDDEN', 'x'))
  t.ok(reach.needsPerson)
})

await t.test('who waits for it goes on when it is up, or when it is to stop', async (t) => {
  const reach = new Reach()
  const stop = new AbortController()
  await reach.untilUp(stop.signal)
  reach.fail(new Error('a'))
  const both = [reach.untilUp(stop.signal), reach.untilUp(stop.signal)]
  reach.succeed()
  await Promise.all(both)
  reach.fail(new Error('a'))
  const waiting = reach.untilUp(stop.signal)
  stop.abort()
  await waiting
  t.pass()
})
