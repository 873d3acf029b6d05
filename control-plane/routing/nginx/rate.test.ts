import fc from 'fast-check'
import t from 'tap'
import { isCountable, nearestRate } from './rate.ts'

for (const { requests, perMs, text, countable } of [
  { requests: 10, perMs: 1000, text: /^(10r\/s|600r\/m)$/, countable: true },
  { requests: 60, perMs: 60_000, text: /^(1r\/s|60r\/m)$/, countable: true },
  { requests: 1, perMs: 60_000, text: /^1r\/m$/, countable: true },
  { requests: 90, perMs: 60_000, text: /^90r\/m$/, countable: true },
  { requests: 1000, perMs: 3_600_000, text: /^17r\/m$/, countable: true },
  { requests: 100, perMs: 3_600_000, text: /^2r\/m$/, countable: false },
  { requests: 1, perMs: 3_600_000, text: /^1r\/m$/, countable: false },
]) {
  t.test(`${requests} in ${perMs} ms`, async (t) => {
    t.match(nearestRate({ requests, perMs }).text, text)
    t.equal(isCountable({ requests, perMs }), countable)
  })
}

t.test('whatever is counted at all is counted right to within 5%, as nginx keeps it', async (t) => {
  const rate = fc.record({
    requests: fc.integer({ min: 1, max: 9_999_999 }),
    perMs: fc.constantFrom(1000, 60_000, 3_600_000),
  })
  fc.assert(
    fc.property(rate, (each) => {
      if (!isCountable(each)) return
      const [, count = '', unit] = /^(\d+)r\/([sm])$/.exec(nearestRate(each).text) ?? []
      // As ngx_http_limit_req_zone does, in thousandths of a request each second.
      const kept = Math.floor((Number(count) * 1000) / (unit === 's' ? 1 : 60))
      const wanted = (each.requests / each.perMs) * 1_000_000
      if (Math.abs(kept - wanted) > wanted * 0.05) throw new Error(`${kept} for ${wanted}`)
    }),
  )
  t.ok(isCountable({ requests: 9_999_999, perMs: 1000 }))
})
