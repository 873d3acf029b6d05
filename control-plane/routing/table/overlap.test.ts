import fc from 'fast-check'
import t from 'tap'
import { anyRequest, asRouted } from '#test/support/alike/request.ts'
import { anyWorld } from '#test/support/alike/world.ts'
import { plainRoute } from '#test/support/routing/route-tables.ts'
import type { Match } from '../table.ts'
import { normalPath } from './normal-path.ts'
import { overlap } from './overlap.ts'
import { matchPath } from './path-match.ts'
import { fulfils } from './request-match.ts'

const any = plainRoute('/', 's').match
const prefix = (path: string, more: Partial<Match> = {}): Match => ({ ...any, path: { kind: 'prefix', path }, ...more })
const exact = (path: string): Match => ({ ...any, path: { kind: 'exact', path } })
const template = (path: string): Match => ({ ...any, path: { kind: 'template', path } })
const asking = (more: Partial<Match>): Match => prefix('/', more)

const rows: readonly (readonly [what: string, a: Match, b: Match, expected: boolean])[] = [
  ['a prefix and what is below it', prefix('/api'), prefix('/api/users'), true],
  ['a word and a longer one', prefix('/api'), prefix('/apix'), false],
  ['the root and anything', prefix('/'), template('/{a}/b'), true],
  ['a path and a prefix above it', exact('/api/users'), prefix('/api'), true],
  ['a path and a prefix below it', exact('/api'), prefix('/api/users'), false],
  ['two paths', exact('/a'), exact('/b'), false],
  ['a named part and a word', template('/users/{id}'), exact('/users/7'), true],
  ['templates that name different parts', template('/{a}/x'), template('/y/{b}'), true],
  ['templates with different words', template('/x/{a}'), template('/y/{a}'), false],
  ['templates of different length', template('/x/{a}'), template('/x/{a}/{b}'), false],
  ['a template and a longer prefix', template('/x/{a}'), prefix('/x/y/z'), false],
  ['hosts', asking({ hosts: ['a.de'] }), asking({ hosts: ['b.de'] }), false],
  ['any host and one', asking({}), asking({ hosts: ['b.de'] }), true],
  ['a pattern and a name below', asking({ hosts: ['*.de'] }), asking({ hosts: ['b.de'] }), true],
  ['patterns, one below the other', asking({ hosts: ['*.a.de'] }), asking({ hosts: ['*.de'] }), true],
  ['patterns beside each other', asking({ hosts: ['*.a.de'] }), asking({ hosts: ['*.b.de'] }), false],
  ['methods', asking({ methods: ['GET'] }), asking({ methods: ['POST', 'PUT'] }), false],
  ['a method of both', asking({ methods: ['GET'] }), asking({ methods: ['GET', 'PUT'] }), true],
  ['clients', asking({ clients: ['a'] }), asking({ clients: ['b'] }), false],
  ['a header', asking({ headers: [{ name: 'x', is: '1' }] }), asking({ headers: [{ name: 'x', is: '2' }] }), false],
  ['other headers', asking({ headers: [{ name: 'x', is: '1' }] }), asking({ headers: [{ name: 'y', is: '2' }] }), true],
  [
    'a value and none',
    asking({ query: [{ name: 'x', is: '1' }] }),
    asking({ query: [{ name: 'x', present: false }] }),
    false,
  ],
  [
    'a value and any',
    asking({ query: [{ name: 'x', is: '1' }] }),
    asking({ query: [{ name: 'x', present: true }] }),
    true,
  ],
]
for (const [what, a, b, expected] of rows) {
  t.test(`${what}: ${expected ? 'one request may be for both' : 'no request is for both'}`, async (t) => {
    t.equal(overlap(a, b), expected)
    t.equal(overlap(b, a), expected, 'the other way round')
  })
}

t.test('routes that take one and the same request are never said to have none in common', async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(anyWorld, fc.array(anyRequest, { minLength: 1, maxLength: 30 }), ({ routes }, sent) =>
        sent.map(asRouted).every((request) => {
          const path = normalPath(request.target.replace(/\?.*$/s, ''))
          if (path === undefined) return true
          const takers = routes.filter(({ match }) => matchPath(match.path, path) && fulfils(match, request))
          return takers.every((one) => takers.every((other) => overlap(one.match, other.match)))
        }),
      ),
      { numRuns: 200 },
    ),
  )
})
