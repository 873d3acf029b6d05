import fc from 'fast-check'
import t from 'tap'
import { FrameReader, frameOf, opcodes } from './frames.ts'

/** The same frame as a server sends it: without a mask. */
function unmasked(frame: Buffer): Buffer {
  const short = (frame[1] ?? 0) & 127
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8
  const start = 2 + lengthBytes
  return Buffer.concat([Buffer.from([frame[0] ?? 0, short]), frame.subarray(2, start), frame.subarray(start + 4)])
}

t.test('frames are read whole however their bytes come', async (t) => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('x'.repeat(200), 'é'.repeat(40_000)))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 5_000 })), (texts, cuts) => {
      const bytes = Buffer.concat(texts.map((each) => unmasked(frameOf(opcodes.text, each))))
      const reader = new FrameReader()
      const read: string[] = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        for (const { opcode, payload } of reader.read(bytes.subarray(at, at + cut))) {
          if (opcode === opcodes.text) read.push(payload.toString())
        }
        at += cut
      }
      return JSON.stringify(read) === JSON.stringify(texts)
    }),
  )
  t.pass()
})
