import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import type { RouteOnGateway } from '#shared/protocol/route-explain.ts'
import { showNamedRoute } from './named-route.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }
const users: RouteOnGateway = {
  gateway: 'edge',
  proxy: 'envoy',
  mode: 'apply',
  version: 7,
  proven: 7,
  standing: 'proven',
  rejected: [],
  answer: 'Route users leads to users; its proxies have proven version 7, which has it.',
  match: 'prefix /api/users',
  besides: ['GET or POST'],
  to: 'users',
  path: 'strip',
  access: 'main +users:read',
  policy: ['body 64 MiB', 'retries 1'],
  source: 'routes.yaml:14',
  place: 3,
  of: 12,
  before: [{ route: 'v2', match: 'prefix /api/users', besides: ['header x-version=2'], source: 'routes.yaml:12' }],
  choices: [
    {
      service: 'users',
      percent: 100,
      candidates: [{ instance: 'users-1', address: '10.0.0.1', port: 80, weight: 100, last: false }],
      left_out: [{ instance: 'users-2', reason: reason('draining') }],
    },
  ],
}
const shown = (...gateways: readonly RouteOnGateway[]) =>
  showNamedRoute({ route: 'users', gateways: [...gateways], near: [] }, style)

t.test('a route is shown with what it takes, where it leads, and what is tried before it', async (t) => {
  const text = shown(users)
  t.match(text, /^envoy:edge: Route users leads to users; its proxies have proven version 7/)
  t.match(text, /declared at routes.yaml:14; number 3 of 12 in the order/)
  t.match(text, /takes prefix \/api\/users, GET or POST\n/)
  t.match(text, /to users; path strip; access main \+users:read; body 64 MiB, retries 1/)
  t.match(text, /tried before it: v2 \(routes.yaml:12\) takes prefix \/api\/users, header x-version=2/)
  t.match(text, /users +100% +users-1 +10.0.0.1:80 +100 +yes/)
  t.match(text, /users +100% +users-2 +- +- +no: draining/)
})

t.test('of many routes before it the first are shown, and what proxies reject is', async (t) => {
  const before = Array.from({ length: 14 }, (_, at) => ({ route: `r${at}`, match: 'x', besides: [], source: 'r:1' }))
  const text = shown({ ...users, before, rejected: ['routes.yaml:14: no'], choices: [] })
  t.match(text, /r9 .*\n {2}and 4 more before it\n {2}rejected: routes.yaml:14: no$/)
  t.notMatch(text, /r10 /)
})

t.test('a name that nothing has is answered, with what may have been meant', async (t) => {
  const near = ['users', 'user']
  t.equal(
    showNamedRoute({ route: 'usr', gateways: [], near }, style),
    'No gateway has a route usr. Did you mean users or user?',
  )
  t.equal(shown(), 'No gateway has a route users.')
})
