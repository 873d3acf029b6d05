import fc from 'fast-check'
import t from 'tap'
import { plainRoute } from '#test/support/route-tables.ts'
import type { Route } from '../table.ts'
import { locationsOf } from './locations.ts'

const routes = (...prefixes: string[]) =>
  prefixes.map((prefix) => plainRoute(prefix, 's')).sort((a, b) => b.prefix.length - a.prefix.length)

for (const { prefixes, locations } of [
  { prefixes: [], locations: ['below / none'] },
  { prefixes: ['/'], locations: ['below / root'] },
  { prefixes: ['/a'], locations: ['below / none', 'exact /a a', 'below /a/ a'] },
  { prefixes: ['/a', '/'], locations: ['below / root', 'exact /a a', 'below /a/ a'] },
  {
    prefixes: ['/a', '/a/b', '/ab'],
    locations: [
      'below / none',
      'exact /a a',
      'below /a/ a',
      'exact /a/b a-b',
      'below /a/b/ a-b',
      'exact /ab ab',
      'below /ab/ ab',
    ],
  },
]) {
  t.test(`the locations of ${JSON.stringify(prefixes)}`, async (t) => {
    t.strictSame(
      locationsOf(routes(...prefixes)).map(({ match, path, route }) => `${match} ${path} ${route?.name ?? 'none'}`),
      locations,
    )
  })
}

const part = fc.constantFrom('a', 'b', 'ab')
const path = fc.array(part, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`)

t.test('the route of a path is the one with the longest prefix of whole parts', async (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 6 }), path, fc.constantFrom('', '/'), (prefixes, asked, end) => {
      const request = asked === '/' ? asked : asked + end
      return asNginx(routes(...prefixes), request) === byParts(prefixes, request)
    }),
  )
  t.pass()
})

/** As nginx chooses: an exact location, or else the longest that the path begins with. */
function asNginx(all: readonly Route[], request: string): string | undefined {
  const locations = locationsOf(all)
  const exact = locations.find((location) => location.match === 'exact' && location.path === request)
  const below = locations
    .filter((location) => location.match === 'below' && request.startsWith(location.path))
    .sort((a, b) => b.path.length - a.path.length)
  return (exact ?? below[0])?.route?.prefix
}

function byParts(prefixes: readonly string[], request: string): string | undefined {
  const parts = (text: string) => text.split('/').filter(Boolean)
  return prefixes
    .filter((prefix) => parts(prefix).every((each, index) => parts(request)[index] === each))
    .sort((a, b) => b.length - a.length)[0]
}
