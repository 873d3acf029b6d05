import fc from 'fast-check'
import t from 'tap'
import { plainRoute, type RouteParts } from '#test/support/routing/route-tables.ts'
import type { PathMatch } from '../table.ts'
import { moreSpecific } from './specificity.ts'

function route(kind: PathMatch['kind'], path: string, match: RouteParts['match'] = {}) {
  return plainRoute('/', 's', { name: JSON.stringify([kind, path, match]), match: { path: { kind, path }, ...match } })
}

/** Each before the next. */
const ladder = [
  route('prefix', '/', { hosts: ['a.b.example'] }),
  route('exact', '/x', { hosts: ['*.b.example'] }),
  route('prefix', '/', { hosts: ['*.example'] }),
  route('exact', '/a/b/c'),
  route('exact', '/a/b', { methods: ['GET'] }),
  route('exact', '/a/b'),
  route('exact', '/a'),
  route('template', '/a/b/{id}'),
  route('template', '/a/{id}/d'),
  route('prefix', '/a/b', { query: [{ name: 'v', is: '2' }] }),
  route('prefix', '/a/b'),
  route('template', '/a/{id}'),
  route('prefix', '/a'),
  route('prefix', '/', { clients: ['client-a'] }),
  route('prefix', '/'),
]

t.test('the most specific comes first', async (t) => {
  t.strictSame(
    ladder
      .toReversed()
      .toSorted(moreSpecific)
      .map(({ name }) => name),
    ladder.map(({ name }) => name),
  )
})

t.test('it is one order, whatever the routes came in', async (t) => {
  fc.assert(
    fc.property(fc.shuffledSubarray(ladder), (some) => {
      const sorted = some.toSorted(moreSpecific)
      return sorted.every((one, place) => sorted.slice(place + 1).every((other) => moreSpecific(one, other) < 0))
    }),
  )
  t.pass()
})
