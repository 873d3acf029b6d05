import t from 'tap'
import { plainRoute } from '#test/support/routing/route-tables.ts'
import { moreSpecific } from '../../table/specificity.ts'
import { virtualHosts } from './virtual-hosts.ts'

const route = (name: string, ...hosts: readonly string[]) => plainRoute('/', 's', { name, match: { hosts } })

t.test(
  'each name has its own routes, those of patterns that cover it, and those of any name, in their order',
  async (t) => {
    const routes = [
      route('any'),
      route('com', '*.com'),
      route('x', 'x.com', 'y.org'),
      route('under-x', '*.x.com'),
      route('a', 'a.x.com'),
    ].toSorted(moreSpecific)
    const seen = virtualHosts(routes).map(({ domains, routes }) => [
      domains.join(' '),
      routes.map(({ name }) => name).join(' '),
    ])
    t.strictSame(seen, [
      ['*', 'any'],
      ['*.com', 'com any'],
      ['*.x.com', 'under-x com any'],
      ['a.x.com', 'a under-x com any'],
      ['x.com', 'x com any'],
      ['y.org', 'x any'],
    ])
  },
)

t.test('names with the same routes share a virtual host, and there is always one for any name', async (t) => {
  const [any, both] = virtualHosts([route('x', 'x.com', 'y.com')])
  t.match(
    [any, both],
    [
      { domains: ['*'], routes: [] },
      { domains: ['x.com', 'y.com'], routes: { length: 1 } },
    ],
  )
  t.strictSame(virtualHosts([]), [{ domains: ['*'], routes: [] }])
})
