import fc from 'fast-check'
import t from 'tap'
import { frameOf, readFrames } from './frame.ts'

const payloads = fc.array(
  fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.toWellFormed()),
  { maxLength: 10 },
)

t.test('frames are read as they were written, and a cut at any byte leaves a beginning of them', async (t) => {
  fc.assert(
    fc.property(payloads, fc.nat(1_000), (all, cut) => {
      const frames = all.map(frameOf)
      const bytes = Buffer.concat(frames)
      const whole = readFrames(bytes)
      if (whole.payloads.join('\n') !== all.join('\n') || whole.goodBytes !== bytes.length) return false
      const part = readFrames(bytes.subarray(0, Math.max(0, bytes.length - cut)))
      const read = all.slice(0, part.payloads.length)
      return (
        part.payloads.join('\n') === read.join('\n') &&
        part.goodBytes === frames.slice(0, read.length).reduce((sum, { length }) => sum + length, 0)
      )
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('a changed byte ends the reading where it is', async (t) => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const all = ['{"a":1}', '{"b":2}', '{"c":3}']
      const bytes = Buffer.concat(all.map(frameOf))
      const at = place % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ change
      const { payloads } = readFrames(bytes)
      return payloads.length === Math.floor(at / frameOf('{"a":1}').length)
    }),
  )
  t.pass()
})

t.test('zeros are no frames', async (t) => {
  t.strictSame(readFrames(Buffer.alloc(100)), { payloads: [], goodBytes: 0 })
})
