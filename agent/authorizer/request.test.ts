import t from 'tap'
import { readQuestion } from './request.ts'

const asking = { 'x-heddle-gateway': 'edge', 'x-heddle-authenticator': 'users' }

function read(headers: Readonly<Record<string, string>>, url = '/authorize', raw: readonly string[] = []) {
  return readQuestion({ url, headers, rawHeaders: [...Object.entries(headers).flat(), ...raw] })
}

t.test('a proxy says for which gateway, by which authenticator and with which permissions', async (t) => {
  t.strictSame(read({ ...asking, 'x-heddle-permissions': 'a b', authorization: 'Bearer x' }), {
    kind: 'asked',
    gateway: 'edge',
    request: { authenticator: 'users', permissions: ['a', 'b'], authorization: 'Bearer x' },
  })
  t.match(read({ ...asking, 'x-heddle-permissions': '' }), {
    request: { permissions: [], authorization: undefined },
  })
})

t.test('what stands behind the path is that of the request', async (t) => {
  for (const url of ['/authorize', '/authorize/api/users?x=1', '/authorize?x']) t.equal(read(asking, url).kind, 'asked')
  for (const url of ['/', '/authorized', '/Authorize', '//authorize']) t.equal(read(asking, url).kind, 'elsewhere')
})

t.test('a question that does not say for whom is not clear', async (t) => {
  t.equal(read({}).kind, 'unclear')
  t.equal(read({ 'x-heddle-gateway': 'edge' }).kind, 'unclear')
  t.equal(read({ ...asking, 'x-heddle-authenticator': '' }).kind, 'unclear')
})

t.test('a request with two Authorization headers has none', async (t) => {
  const headers = { ...asking, authorization: 'Bearer x' }
  t.match(read(headers, '/authorize', ['Authorization', 'Bearer y']), { request: { authorization: undefined } })
})
