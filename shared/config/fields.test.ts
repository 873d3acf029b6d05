import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import { duration, durationMs, httpUrl, plainName, port } from './fields.ts'

const accepts = (schema: z.core.$ZodType, value: unknown) => z.safeParse(schema, value).success
const told = (schema: z.core.$ZodType, value: unknown) =>
  z.safeParse(schema, value).error?.issues.map(({ message }) => message)

for (const { text, ms } of [
  { text: '0s', ms: 0 },
  { text: '500ms', ms: 500 },
  { text: '1.5s', ms: 1_500 },
  { text: ' 10m ', ms: 600_000 },
  { text: '24h', ms: 86_400_000 },
  { text: '7d', ms: 604_800_000 },
  { text: '5', ms: undefined },
  { text: '', ms: undefined },
  { text: '-1s', ms: undefined },
  { text: '1 s', ms: undefined },
  { text: '1h30m', ms: undefined },
  { text: '1w', ms: undefined },
  { text: '1.s', ms: undefined },
]) {
  t.test(`"${text}" is ${ms === undefined ? 'no duration' : `${ms} ms`}`, async (t) => {
    t.equal(durationMs(text), ms)
  })
}

t.test('every whole number of every unit is taken exactly', async (t) => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...Object.entries(units)), (number, [unit, ms]) => {
        return durationMs(`${number}${unit}`) === number * ms
      }),
    ),
  )
})

t.test('a duration is a text in the file and milliseconds in the program', async (t) => {
  t.equal(z.parse(duration(), '5s'), 5_000)
  t.equal(z.parse(z._default(duration(), 5_000), undefined), 5_000)
  t.strictSame(told(duration(), 5), ['expected a duration such as "500ms", "5s", "10m" or "24h"'])
  t.strictSame(told(duration(), 'soon'), ['expected a duration such as "500ms", "5s", "10m" or "24h"'])
  t.strictSame(told(duration(1_000), '999ms'), ['expected at least 1000ms'])
  t.ok(accepts(duration(1_000), '1s'))
})

t.test('a port is a whole number from 1 to 65535', async (t) => {
  for (const value of [1, 8888, 65_535]) t.ok(accepts(port(), value), String(value))
  for (const value of [0, 65_536, -1, 80.5, '80', null]) {
    t.strictSame(told(port(), value), ['expected a port from 1 to 65535'], String(value))
  }
})

t.test('an address is http or https, without its trailing slash', async (t) => {
  t.equal(z.parse(httpUrl(), 'https://plane.example:8443/heddle//'), 'https://plane.example:8443/heddle')
  for (const value of ['', 'localhost:8500', 'ftp://x', 'http://', 'file:///etc', 5]) {
    t.notOk(accepts(httpUrl(), value), String(value))
  }
})

t.test('a plain name is one that files, metrics and Consul accept', async (t) => {
  for (const value of ['a', 'zervigo-dc', 'A.b_c-9', 'x'.repeat(63)]) t.ok(accepts(plainName(), value), value)
  for (const value of ['', '-a', '.a', 'a b', '节点', 'a/b', 'x'.repeat(64), 'a\n'])
    t.notOk(accepts(plainName(), value), value)
})
