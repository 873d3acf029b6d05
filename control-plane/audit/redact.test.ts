import fc from 'fast-check'
import t from 'tap'
import { redacted, redactedJson, redactedText } from './redact.ts'

const planted = 'Sup3r-Geheim-9f2c'

t.test('what is secret by its name or by its look is not written down', async (t) => {
  const cases = [
    { password: planted },
    { db: { PGPASSWORD: planted } },
    { apiKey: planted, api_key: planted, 'x-api-key': planted },
    { headers: { Authorization: `Bearer ${planted}`, cookie: planted } },
    { list: [{ client_secret: { deep: planted } }] },
    { url: `postgresql://heddle:${planted}@db.local/x` },
    { line: `curl -H 'Authorization: Bearer ${planted}'` },
    { text: `hdlt1.abcdefghij.${planted}` },
    { text: `hdl1.abcdefghij.${planted}.pin` },
    { key: `-----BEGIN PRIVATE KEY-----\n${planted}\n-----END PRIVATE KEY-----` },
    { key: `-----BEGIN EC PRIVATE KEY-----\n${planted}` },
    { [`hdlt1.abcdefghij.${planted}`]: 1 },
  ]
  for (const value of cases) t.notMatch(redactedJson(value), planted, JSON.stringify(value))
})

t.test('what is none stays as it is', async (t) => {
  const value = { admission: 'draining', reason: 'Umbau 重建', expiresAt: null, list: [1, true, 'http://a:80/b'] }
  t.strictSame(redacted(value), value)
  t.equal(redactedText('the bearer of it'), 'the bearer of it')
  t.equal(redactedJson(undefined), '')
})

t.test('whatever comes, it ends, is JSON, and is short', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = redactedJson(value)
      JSON.parse(text)
      return text.length < 10_000
    }),
  )
  const deep: { inner?: object } = {}
  let at = deep
  for (let depth = 0; depth < 10_000; depth += 1) {
    const inner = {}
    at.inner = inner
    at = inner
  }
  t.match(redactedJson(deep), 'deep')
  t.match(JSON.parse(redactedJson({ long: 'x'.repeat(100_000) })), { cut: Number })
})
