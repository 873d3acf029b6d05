import fc from 'fast-check'
import t from 'tap'
import { type EgressRules, isEgressPattern, judgeEgress, judgeEgressAddress } from './judge-egress.ts'

const rules: EgressRules = {
  allow: ['hooks.example.com', '*.keys.example.com:443', '10.20.0.0/16', '127.0.0.1'],
  ports: new Set([8888, 18_000]),
  isOwn: (address) => address === '192.0.2.1',
}

for (const [url, file, elsewhere] of [
  ['https://hooks.example.com/x', undefined, undefined],
  ['https://HOOKS.example.com./x', undefined, undefined],
  ['http://hooks.example.com:8080', undefined, undefined],
  ['https://a.keys.example.com', undefined, undefined],
  ['http://a.keys.example.com', undefined, /allow/],
  ['https://keys.example.com', undefined, /allow/],
  ['https://evil.example', undefined, /allow/],
  ['https://hooks.example.com.evil.example', undefined, /allow/],
  ['https://xhooks.example.com', undefined, /allow/],
  ['http://10.20.1.1/', undefined, undefined],
  ['http://[::ffff:10.20.1.1]/', undefined, undefined],
  ['http://10.21.1.1/', undefined, /allow/],
  ['http://127.0.0.1:9000', undefined, undefined],
  ['http://2130706433:9000', undefined, undefined],
  ['http://127.0.0.2:9000', undefined, /loopback/],
  ['http://localhost:9000', undefined, /allow/],
  ['http://localhost:8888', /steered/, /steered/],
  ['http://127.0.0.1:8888', /steered/, /steered/],
  ['http://0x7f.1:18000', /steered/, /steered/],
  ['http://192.0.2.1:8888', /steered/, /steered/],
  ['http://169.254.169.254/latest/meta-data', /link-local/, /link-local/],
  ['http://[fe80::1]/', /link-local/, /link-local/],
  ['http://[::ffff:169.254.169.254]/', /link-local/, /link-local/],
  ['http://0251.0376.0251.0376/', /link-local/, /link-local/],
  ['http://0.0.0.0:80', /nobody/, /nobody/],
  ['http://user:pass@hooks.example.com', /password/, /password/],
  ['ftp://hooks.example.com', /neither/, /neither/],
  ['file:///etc/passwd', /neither/, /neither/],
  ['hooks.example.com', /no URL/, /no URL/],
] as const) {
  t.test(`${url} by the file: ${file ?? 'may be'}; by others: ${elsewhere ?? 'may be'}`, async (t) => {
    for (const [source, wrong] of [
      ['file', file],
      ['elsewhere', elsewhere],
    ] as const) {
      const said = judgeEgress(url, source, rules)
      if (wrong) t.match(said, wrong)
      else t.equal(said, undefined)
    }
  })
}

t.test('what a name leads to is judged again', async (t) => {
  const at = (address: string, host = 'hooks.example.com') => judgeEgressAddress(address, 443, 'elsewhere', rules, host)
  t.equal(at('203.0.113.9'), undefined)
  t.match(at('203.0.113.9', 'evil.example'), /allow/)
  t.match(at('169.254.169.254'), /link-local/)
  t.match(at('127.0.0.2'), /loopback/)
  t.equal(at('127.0.0.1'), undefined, 'loopback was allowed by its address')
})

t.test('whoever is not in the file gets nowhere that is not on the list', async (t) => {
  const none = { ...rules, allow: [] }
  fc.assert(fc.property(fc.webUrl(), (url) => judgeEgress(url, 'elsewhere', none) !== undefined))
  fc.assert(fc.property(fc.string(), (text) => judgeEgress(text, 'elsewhere', none) !== undefined))
  t.end()
})

t.test('what may be allowed is a host or a range', async (t) => {
  for (const good of ['a.example', '*.a.example', 'a.example:443', '10.0.0.0/8', '::1', '127.0.0.1']) {
    t.equal(isEgressPattern(good), true, good)
  }
  for (const bad of ['', '*', 'https://a.example', 'a.*.example', 'a b', '10.0.0.1:80', 'A.example']) {
    t.equal(isEgressPattern(bad), false, bad)
  }
})
