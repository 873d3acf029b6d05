import fc from 'fast-check'
import t from 'tap'
import { linesOf } from './lines.ts'

t.test('lines do not depend on how the stream was cut', async (t) => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ''))
  const cuts = fc.array(fc.nat({ max: 40 }), { minLength: 1 })
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.array(line), cuts, async (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
        t.strictSame(await Array.fromAsync(linesOf(pieces(bytes, cuts))), lines)
      }),
    ),
  )
})

t.test('a line that was cut off is not told', async (t) => {
  t.strictSame(await Array.fromAsync(linesOf(pieces(Buffer.from('{"a":1}\n{"b"'), [3]))), ['{"a":1}'])
})

t.test('a line without an end does not fill the memory', async (t) => {
  async function* endless() {
    for (;;) yield Buffer.alloc(1024 * 1024, 'x')
  }
  await t.rejects(Array.fromAsync(linesOf(endless())), /a line of more than/)
})

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
    const length = 1 + (cuts[cut % cuts.length] ?? 0)
    yield bytes.subarray(at, at + length)
    at += length
  }
}
