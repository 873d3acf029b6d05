import fc from 'fast-check'
import t from 'tap'
import { MessageReader, prefixSize, writePrefix } from './messages.ts'

function framed(content: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(prefixSize), content])
  writePrefix(bytes)
  return bytes
}

await t.test('messages are the same however their bytes are cut', async (t) => {
  const contents = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 })
  const property = fc.property(contents, fc.array(fc.nat(60), { maxLength: 40 }), (messages, cuts) => {
    const found: Buffer[] = []
    const reader = new MessageReader(100, (message) => found.push(Buffer.from(message)))
    let rest = Buffer.concat(messages.map(framed))
    for (const size of cuts) {
      t.equal(reader.read(rest.subarray(0, size)), undefined)
      rest = rest.subarray(size)
    }
    reader.read(rest)
    t.strictSame(
      found,
      messages.map((message) => Buffer.from(message)),
    )
  })
  fc.assert(property, { numRuns: 100 })
})

await t.test('what is compressed or too large is refused with the reason', async (t) => {
  const reader = () => new MessageReader(10, () => t.fail('nothing is handed on'))
  t.match(reader().read(Buffer.from([1, 0, 0, 0, 0])), /compressed/)
  t.match(reader().read(framed(new Uint8Array(11))), /11 bytes .* 10/)
})

await t.test('a message that is kept for its rest does not hold the buffer it came in', async (t) => {
  const found: string[] = []
  const reader = new MessageReader(100, (message) => found.push(message.toString()))
  const network = framed(Buffer.from('hello'))
  reader.read(network.subarray(0, 7))
  network.fill(0)
  reader.read(Buffer.from('llo'))
  t.strictSame(found, ['hello'])
})

await t.test('a message that comes byte by byte has one room that grows, and all of that is told', async (t) => {
  const found: Buffer[] = []
  const reader = new MessageReader(1_000_000, (message) => found.push(Buffer.from(message)))
  const content = Buffer.alloc(100_000, 'x')
  const bytes = framed(content)
  const kept = new Set<number>()
  for (let at = 0; at < bytes.length; at += 1) {
    reader.read(bytes.subarray(at, at + 1))
    kept.add(reader.kept)
  }
  t.ok(found[0]?.equals(content))
  t.equal(reader.kept, 0)
  t.ok(kept.size < 20, 'it grows seldom')
  t.ok(Math.max(...kept) <= bytes.length)
  reader.read(bytes.subarray(0, 1))
  t.ok(reader.kept > 100, 'the room is told, not what is in it')
  reader.end()
  t.equal(reader.kept, 0)
})
