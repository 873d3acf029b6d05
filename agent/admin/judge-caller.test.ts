import t from 'tap'
import { judgeCaller } from './judge-caller.ts'

const names = ['web-1', 'web-1.example']
const get = { method: 'GET', host: '127.0.0.1:9180', origin: undefined, site: undefined }

for (const host of [
  ...[
    '127.0.0.1:9180',
    '127.0.0.1',
    '[::1]:9180',
    '[::1]',
    '10.0.0.7:9180',
    'localhost:9180',
    'LOCALHOST',
    'localhost.',
  ],
  ...['web-1:9180', 'Web-1.Example'],
]) {
  t.test(`who asks ${host} is answered`, async (t) => t.equal(judgeCaller({ ...get, host }, names), undefined))
}

for (const host of [
  undefined,
  '',
  'evil.example',
  '127.0.0.1.evil.example',
  'web-1.example.evil',
  '[evil]',
  'a:b:c',
  '::1',
  '127.1',
]) {
  t.test(`who asks ${host} is not answered`, async (t) =>
    t.match(judgeCaller({ ...get, host }, names), { status: 421 }),
  )
}

for (const [what, caller, status] of [
  ['a page of elsewhere', { origin: 'https://evil.example' }, 403],
  ['a page of no origin', { origin: 'null' }, 403],
  ['a picture in a page of elsewhere', { site: 'cross-site' }, 403],
  ['a page of the same site', { site: 'same-site' }, 403],
  ['a form', { method: 'POST' }, 405],
  ['an odd method', { method: undefined }, 405],
] as const) {
  t.test(`${what} is not answered`, async (t) => t.match(judgeCaller({ ...get, ...caller }, names), { status }))
}

t.test('a person who types the address is answered', async (t) => {
  t.equal(judgeCaller({ ...get, site: 'none' }, names), undefined)
})
