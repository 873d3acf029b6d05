import t from 'tap'
import { isIp, isPrefix, isPrintable, nameOfPath } from './texts.ts'

for (const { prefix, good, name } of [
  { prefix: '/', good: true, name: 'root' },
  { prefix: '/api/users', good: true, name: 'api-users' },
  { prefix: '/v1.2/~me_too', good: true, name: 'v1.2--me_too' },
  { prefix: '', good: false },
  { prefix: 'api', good: false },
  { prefix: '/api/', good: false },
  { prefix: '//', good: false },
  { prefix: '/api//x', good: false },
  { prefix: '/api/*', good: false },
  { prefix: '/api/..', good: false },
  { prefix: '/./api', good: false },
  { prefix: '/用户', good: false },
  { prefix: '/a%20b', good: false },
  { prefix: '/a b', good: false },
  { prefix: '/a?b', good: false },
]) {
  await t.test(`${JSON.stringify(prefix)} is ${good ? 'a' : 'no'} prefix`, async (t) => {
    t.equal(isPrefix(prefix), good)
    if (name !== undefined) t.equal(nameOfPath(prefix), name)
  })
}

await t.test('an address is an IP address without a zone', async (t) => {
  t.strictSame(['10.0.0.1', '::1', 'fe80::1%eth0', 'localhost', '10.0.0', ''].filter(isIp), ['10.0.0.1', '::1'])
})

await t.test('a printable text has neither control characters nor half characters', async (t) => {
  t.strictSame(['用户 服务', 'a\nb', 'a\u0000', '\ud800', '\u0085'].filter(isPrintable), ['用户 服务'])
})
