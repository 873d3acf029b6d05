import t from 'tap'
import { byHand, drainOf, drainStateOf, drainText, readDrainText, sameDrain } from './drain-order.ts'

const order = { admission: 'maintenance', by: 'operator:anna', reason: 'disk */ "x"\n', since: 5, until: 9 } as const

t.test('an order is a comment in its file, and the same when it is read again', async (t) => {
  const text = drainText(order)
  t.match(text, /^# .*\n$/)
  t.equal(text.indexOf('\n'), text.length - 1)
  t.strictSame(readDrainText(text, 1), order)
})

t.test('whatever else is in the file is an order that was given by hand', async (t) => {
  for (const text of ['', '# {}', 'nonsense', '[1]']) {
    t.strictSame(readDrainText(text, 7), { admission: 'draining', by: byHand, reason: '', since: 7, until: null })
  }
})

for (const { name, given, wanted } of [
  { name: 'an active node', given: { admission: 'active' }, wanted: undefined },
  { name: 'an order whose time is over', given: { admission: 'draining', leftMs: 0 }, wanted: undefined },
  { name: 'an order with an end', given: { admission: 'draining', leftMs: 50 }, wanted: { until: 150 } },
  { name: 'an order without an end', given: { admission: 'quarantined' }, wanted: { until: null, since: 100 } },
] as const) {
  t.test(`what follows for gateways from ${name}`, async (t) => {
    const drain = drainOf({ by: 'b', reason: 'r', ...given }, 100)
    if (wanted) t.match(drain, { admission: given.admission, by: 'b', reason: 'r', ...wanted })
    else t.equal(drain, undefined)
  })
}

t.test('orders that differ in their time alone ask for the same', async (t) => {
  t.ok(sameDrain(order, { ...order, since: 6, until: null }))
  t.notOk(sameDrain(order, { ...order, by: 'operator:ben' }))
  t.notOk(sameDrain(order, undefined))
  t.ok(sameDrain(undefined, undefined))
})

for (const [elapsedMs, requests, state] of [
  [999, 0, 'noticed'],
  [1000, 0, 'drained'],
  [1000, 3, 'draining'],
  [1000, undefined, 'drained'],
] as const) {
  t.test(`${elapsedMs} ms after the order, with ${requests} requests under way, it is ${state}`, async (t) => {
    t.strictSame(drainStateOf(elapsedMs, 1000, requests), { state, ...(requests === undefined ? {} : { requests }) })
  })
}
