import fc from 'fast-check'
import t from 'tap'
import { csrfToken, isCsrfToken, siteOf, trustOf } from './cross-site.ts'

const own = 'https://heddle.example'
const came = (method: string, headers: Readonly<Record<string, string>>) => ({
  method,
  headers: { host: 'plane:8888', ...headers },
  origins: [own],
  encrypted: true,
})

for (const { title, method = 'POST', headers, trust } of [
  { title: 'a page of ours', headers: { 'sec-fetch-site': 'same-origin' }, trust: 'token' },
  { title: 'a page of ours in an older browser', headers: { origin: 'https://plane:8888' }, trust: 'token' },
  { title: 'a page of ours under its public address', headers: { origin: own }, trust: 'token' },
  { title: 'a page of somebody else', headers: { 'sec-fetch-site': 'cross-site' }, trust: 'no' },
  { title: 'a neighbour of ours', headers: { 'sec-fetch-site': 'same-site' }, trust: 'no' },
  { title: 'one that names another origin', headers: { origin: 'https://evil.example' }, trust: 'no' },
  { title: 'one of our name in plain HTTP', headers: { origin: 'http://plane:8888' }, trust: 'no' },
  { title: 'one without an origin of its own', headers: { origin: 'null' }, trust: 'no' },
  { title: 'one that does not say where it comes from', headers: {}, trust: 'no' },
  { title: 'an address bar', headers: { 'sec-fetch-site': 'none' }, trust: 'no' },
  { title: 'an address bar that reads', method: 'GET', headers: { 'sec-fetch-site': 'none' }, trust: 'yes' },
  { title: 'a page of ours that reads', method: 'GET', headers: { 'sec-fetch-site': 'same-origin' }, trust: 'yes' },
  {
    title: 'a page of somebody else that reads',
    method: 'GET',
    headers: { 'sec-fetch-site': 'cross-site' },
    trust: 'no',
  },
] as const) {
  t.test(`${title}: ${trust}`, async (t) => {
    t.equal(trustOf(came(method, headers)), trust)
  })
}

t.test('whatever a browser says, somebody else is never taken for us', async (t) => {
  const word = fc.constantFrom('cross-site', 'same-site', 'none', 'same-origin', 'x', '')
  const origin = fc.option(fc.oneof(fc.webUrl(), fc.constantFrom('null', 'https://plane:8888', own)), {
    nil: undefined,
  })
  fc.assert(
    fc.property(fc.option(word, { nil: undefined }), origin, (site, origin) => {
      const headers = {
        host: 'plane:8888',
        ...(site === undefined ? {} : { 'sec-fetch-site': site }),
        ...(origin === undefined ? {} : { origin }),
      }
      const isOurs = site === 'same-origin' || (site ?? 'none') === 'none'
      const named = ['https://plane:8888', own].includes(origin ?? '')
      const found = siteOf({ headers, origins: [own], encrypted: true })
      if (found === 'own') return isOurs && (site === 'same-origin' || named)
      return found === 'other' || origin === undefined
    }),
  )
  t.pass()
})

t.test('the token of one session is not that of another', async (t) => {
  t.ok(isCsrfToken(csrfToken('a'), 'a'))
  for (const given of [csrfToken('b'), '', undefined, 7, [csrfToken('a')]]) t.notOk(isCsrfToken(given, 'a'))
})
