import fc from 'fast-check'
import t from 'tap'
import { isAmong, murmurHash2, xxHash64 } from './user-hash.ts'

t.test('texts are hashed as others hash them', async (t) => {
  // Known values of XXH64 with seed 0.
  for (const [text, hash] of [
    ['', 0xef46db3751d8e999n],
    ['a', 0xd24ec4f1a98c6e5bn],
    ['abc', 0x44bc2cf5ad770999n],
    ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
  ] as const) {
    t.equal(xxHash64(Buffer.from(text)), hash, text)
  }
  t.equal(murmurHash2(Buffer.from('')), 0)
})

t.test('who is among a share stays there when it rises, and it is as large as it says', async (t) => {
  const share = fc.integer({ min: 0, max: 1000 })
  for (const proxy of ['envoy', 'nginx'] as const) {
    fc.assert(
      fc.property(fc.string(), share, share, (user, a, b) => {
        return !isAmong(Math.min(a, b), user, proxy) || isAmong(Math.max(a, b), user, proxy)
      }),
    )
    for (const permille of [0, 10, 100, 500, 1000]) {
      const users = Array.from({ length: 20_000 }, (_, index) => `user-${index}`)
      const among = users.filter((user) => isAmong(permille, user, proxy)).length / 20
      t.ok(Math.abs(among - permille) <= 15, `${proxy}: ${among} of ${permille}`)
    }
  }
})
