import fc from 'fast-check'
import t from 'tap'
import { withoutSecrets } from './without-secrets.ts'

for (const [said, kept] of [
  [{ password: 'x' }, { password: '[redacted]' }],
  [
    { DB_PASSWORD: 'x', region: 'cn' },
    { DB_PASSWORD: '[redacted]', region: 'cn' },
  ],
  [{ a: [{ apiKey: 'x' }, 1] }, { a: [{ apiKey: '[redacted]' }, 1] }],
  [{ credentials: { user: 'a', pass: 'b' } }, { credentials: '[redacted]' }],
  [{ url: 'postgres://a:b@c/d' }, { url: '[redacted]' }],
  [{ pin_token: 123456 }, { pin_token: '[redacted]' }],
  [{ max_tokens: 4096 }, { max_tokens: 4096 }],
  [{ max_tokens: '4096' }, { max_tokens: '4096' }],
  [{ tokens: 'abc' }, { tokens: '[redacted]' }],
  [
    { has_secret: true, password: null, token: '' },
    { has_secret: true, password: null, token: '' },
  ],
  [
    { token_ttl: '5m', password_length: '12' },
    { token_ttl: '5m', password_length: '12' },
  ],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  ['text', 'text'],
  [7, 7],
  [undefined, undefined],
] as const) {
  t.test(`of ${JSON.stringify(said)} is kept ${JSON.stringify(kept)}`, async (t) => {
    t.strictSame(withoutSecrets(said), kept)
  })
}

t.test('what holds no secret is the very same, and what was cleaned once stays as it is', async (t) => {
  const plain = fc.dictionary(fc.constantFrom('region', 'zone', 'max_tokens', 'weight'), fc.integer())
  fc.assert(fc.property(plain, (value) => withoutSecrets(value) === value))
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const once = withoutSecrets(value)
      return JSON.stringify(withoutSecrets(once)) === JSON.stringify(once)
    }),
  )
  let deep: unknown = 'x'
  for (let level = 0; level < 5_000; level += 1) deep = [deep]
  t.ok(withoutSecrets(deep))
})
