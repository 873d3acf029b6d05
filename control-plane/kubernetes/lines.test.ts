import fc from 'fast-check'
import t from 'tap'
import { Lines } from './lines.ts'

t.test('the same lines come, wherever what comes is cut', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', '北', '\n', '"', '\r'), maxLength: 60 })
  const holds = () =>
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (said, cuts) => {
        const whole = Buffer.from(`${said}\n`)
        const lines = new Lines(1_000)
        const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
        const got = at.slice(1).flatMap((end, index) => lines.push(whole.subarray(at[index], end)))
        return JSON.stringify(got) === JSON.stringify(said.split('\n').filter((line) => line.trim() !== ''))
      }),
    )
  t.doesNotThrow(holds)
})

t.test('a line that does not end is not kept for ever', async (t) => {
  const lines = new Lines(10)
  t.strictSame(lines.push(Buffer.from('0123456789')), [])
  t.throws(() => lines.push(Buffer.from('x')), RangeError)
})
