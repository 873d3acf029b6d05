import t from 'tap'
import { plainRoute } from '#test/support/routing/route-tables.ts'
import type { Match } from '../table.ts'
import { fulfils, type RoutedRequest } from './request-match.ts'

const get: RoutedRequest = { method: 'GET', target: '/' }

for (const { title, match, request, fits } of [
  { title: 'nothing is asked for', match: {}, request: get, fits: true },
  {
    title: 'a host without its port',
    match: { hosts: ['a.example'] },
    request: { ...get, host: 'A.example:80' },
    fits: true,
  },
  { title: 'another host', match: { hosts: ['a.example'] }, request: { ...get, host: 'b.example' }, fits: false },
  { title: 'no host', match: { hosts: ['a.example'] }, request: get, fits: false },
  { title: 'a host below', match: { hosts: ['*.example'] }, request: { ...get, host: 'a.b.example' }, fits: true },
  { title: 'the host itself', match: { hosts: ['*.example'] }, request: { ...get, host: 'example' }, fits: false },
  {
    title: 'a host that only ends so',
    match: { hosts: ['*.example'] },
    request: { ...get, host: 'anexample' },
    fits: false,
  },
  { title: 'its client', match: { clients: ['client-a'] }, request: { ...get, client: 'client-a' }, fits: true },
  { title: 'another client', match: { clients: ['client-a'] }, request: { ...get, client: 'client-b' }, fits: false },
  { title: 'no client', match: { clients: ['client-a'] }, request: get, fits: false },
  { title: 'one of the methods', match: { methods: ['GET', 'PUT'] }, request: get, fits: true },
  { title: 'another method', match: { methods: ['PUT'] }, request: get, fits: false },
  { title: 'a method in lower case', match: { methods: ['GET'] }, request: { ...get, method: 'get' }, fits: false },
] as const) {
  t.test(`${title}: ${fits}`, async (t) => {
    t.equal(fulfils({ ...plainRoute('/', 's').match, ...match }, request), fits)
  })
}

const headers = (...headers: readonly (readonly [string, string])[]) => ({ ...get, headers })
const is: Partial<Match> = { headers: [{ name: 'x-version', is: 'v2' }] }
const there: Partial<Match> = { headers: [{ name: 'x-version', present: true }] }
const absent: Partial<Match> = { headers: [{ name: 'x-version', present: false }] }

for (const { title, match, request, fits } of [
  { title: 'the value', match: is, request: headers(['X-Version', 'v2']), fits: true },
  { title: 'another case', match: is, request: headers(['x-version', 'V2']), fits: false },
  {
    title: 'the first of two headers',
    match: is,
    request: headers(['x-version', 'v2'], ['x-version', 'v1']),
    fits: true,
  },
  { title: 'the second of two', match: is, request: headers(['x-version', 'v1'], ['x-version', 'v2']), fits: false },
  { title: 'the first of a list', match: is, request: headers(['x-version', 'v2, v1']), fits: true },
  { title: 'a value that goes on', match: is, request: headers(['x-version', 'v2.1']), fits: false },
  { title: 'no such header', match: is, request: headers(), fits: false },
  { title: 'there', match: there, request: headers(['x-version', 'v1']), fits: true },
  { title: 'there, but empty', match: there, request: headers(['x-version', '']), fits: false },
  {
    title: 'there, but with nothing before the comma',
    match: there,
    request: headers(['x-version', ',v1']),
    fits: false,
  },
  { title: 'not there', match: there, request: headers(), fits: false },
  { title: 'absent', match: absent, request: headers(['x-other', '1']), fits: true },
  { title: 'not absent', match: absent, request: headers(['x-version', 'v2']), fits: false },
]) {
  t.test(`a header: ${title}: ${fits}`, async (t) => {
    t.equal(fulfils({ ...plainRoute('/', 's').match, ...match }, request), fits)
  })
}

for (const { target, condition, fits } of [
  { target: '/?a=1', condition: { name: 'a', is: '1' }, fits: true },
  { target: '/?b=2&a=1', condition: { name: 'a', is: '1' }, fits: true },
  { target: '/?a=2&a=1', condition: { name: 'a', is: '1' }, fits: false },
  { target: '/?A=1', condition: { name: 'a', is: '1' }, fits: false },
  { target: '/?aa=1', condition: { name: 'a', is: '1' }, fits: false },
  { target: '/?a', condition: { name: 'a', is: '' }, fits: true },
  { target: '/?a=', condition: { name: 'a', is: '' }, fits: true },
  { target: '/?a=%31', condition: { name: 'a', is: '1' }, fits: false },
  { target: '/?a=b=c', condition: { name: 'a', is: 'b=c' }, fits: true },
  { target: '/?a', condition: { name: 'a', present: true }, fits: true },
  { target: '/a=1', condition: { name: 'a', present: true }, fits: false },
  { target: '/?b', condition: { name: 'a', present: false }, fits: true },
]) {
  t.test(`${target} with ${JSON.stringify(condition)}: ${fits}`, async (t) => {
    t.equal(fulfils({ ...plainRoute('/', 's').match, query: [condition] }, { method: 'GET', target }), fits)
  })
}
