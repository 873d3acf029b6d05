import fc from 'fast-check'
import t from 'tap'
import { consulMetadata, cut } from './metadata.ts'

await t.test('whatever is given, Consul takes it, and ours stays', async (t) => {
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom('consul-x', 'heddle-owner', 'name', '__proto__', '', 'k'.repeat(200)),
  )
  const given = fc.dictionary(key, fc.string({ unit: 'grapheme', maxLength: 600 }), {
    maxKeys: 80,
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(given, (pairs) => {
      const metadata = consulMetadata({ 'heddle-owner': 'us', name: '甲', empty: '', none: undefined }, pairs)
      const keys = Object.keys(metadata)
      return (
        keys.length <= 64 &&
        metadata['heddle-owner'] === 'us' &&
        metadata.name === '甲' &&
        !('empty' in metadata) &&
        keys.every((name) => /^(?!consul-)[A-Za-z0-9_-]{1,128}$/.test(name)) &&
        Object.values(metadata).every((value) => Buffer.byteLength(value) <= 512)
      )
    }),
  )
  t.pass()
})

await t.test('keys that Consul takes are kept, and so are all values', async (t) => {
  const given = { version: '1.0', environment: '生产' }
  t.strictSame(consulMetadata({ site: '腾讯' }, given), { site: '腾讯', environment: '生产', version: '1.0' })
})

await t.test('a text is cut between characters', async (t) => {
  t.equal(cut('甲乙丙', 7), '甲乙')
  t.equal(cut('甲乙丙', 9), '甲乙丙')
  t.equal(cut('abc', 2), 'ab')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 60 }), (text, bytes) => {
      const short = cut(text, bytes)
      return Buffer.byteLength(short) <= bytes && text.startsWith(short)
    }),
  )
})
