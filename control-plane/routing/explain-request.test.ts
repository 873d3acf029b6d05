import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { plainEndpoint, plainFrame, plainListener, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { type AskedRequest, explainRequest } from './explain-request.ts'

const routes = [
  plainRoute('/api/users', 'users', { path: 'strip' }),
  plainRoute('/api/users', 'users-v2', { name: 'v2', match: { headers: [{ name: 'x-version', is: '2' }] } }),
  plainRoute('/split', '', {
    choices: [
      { service: 'users', weight: 90 },
      { service: 'users-v2', weight: 10 },
    ],
  }),
  plainRoute('/gone', '', { action: { kind: 'answer', status: 410, contentType: 'text/plain', body: '' } }),
  plainRoute('/old', '', {
    action: { kind: 'redirect', status: 308, scheme: 'https', host: undefined, port: undefined, path: '/new' },
  }),
  plainRoute('/own', 'users', {
    match: { clients: ['client-a'] },
    policy: { access: { kind: 'required', authenticator: 'main', permissions: ['cluster:manage'] } },
  }),
]
const table = plainTable(
  8080,
  routes,
  { users: [plainEndpoint(1)], 'users-v2': [] },
  {
    ...plainFrame,
    listeners: [
      { ...plainListener, name: 'plain', port: 80, redirectToHttps: 443 },
      { ...plainListener, name: 'public', port: 8080 },
      { ...plainListener, name: 'a', port: 8180, client: 'client-a' },
    ],
  },
)

const leftOutOf = (service: string) =>
  service === 'users' ? [{ instance: 'users-2', reason: reason('draining') }] : []

function explained(target: string, more: Partial<AskedRequest> = {}) {
  return explainRequest(table, { method: 'GET', target, port: 8080, ...more }, leftOutOf)
}

t.test('a forwarded request: route, path, candidates and why others are out', async (t) => {
  t.match(explained('/api/users/7?x=1'), {
    listener: 'public',
    outcome: 'forwarded',
    answer: 'Route api-users leads to users, which sees /7?x=1.',
    route: { name: 'api-users', source: 'routes.yaml:10' },
    target: '/7?x=1',
    choices: [
      {
        service: 'users',
        percent: 100,
        candidates: [{ instance: 'i-1', port: 1, weight: 100, last: false }],
        left_out: [{ instance: 'users-2', reason: { code: 'draining' } }],
      },
    ],
    passed_over: [{ route: 'v2', why: 'its header x-version is not "2"' }],
  })
})

for (const { title, found, expected } of [
  {
    title: 'a service without instances',
    found: explained('/api/users', { headers: [['X-Version', '2']] }),
    expected: { outcome: 'no_instance', answer: /none of its instances can be called: 503/, passed_over: [] },
  },
  {
    title: 'several services',
    found: explained('/split'),
    expected: { answer: /users \(90%\), users-v2 \(10%\)/, choices: [{ percent: 90 }, { percent: 10 }] },
  },
  { title: 'an answer', found: explained('/gone/x'), expected: { outcome: 'answered', answer: /answers 410/ } },
  {
    title: 'a redirect',
    found: explained('/old'),
    expected: { outcome: 'answered', answer: 'Route old redirects it with 308 to https, to /new.' },
  },
  {
    title: 'no route',
    found: explained('/own'),
    expected: {
      outcome: 'no_route',
      passed_over: [{ route: 'own', why: 'it does not come in by a listener of client-a' }],
    },
  },
  {
    title: 'what a route asks for',
    found: explained('/own', { port: 8180 }),
    expected: {
      client: 'client-a',
      route: { asks: ['a token that main takes', 'permission cluster:manage', /bytes/] },
    },
  },
  { title: 'an ambiguous path', found: explained('/api%2fusers'), expected: { outcome: 'refused' } },
  {
    title: 'a listener that sends all to https',
    found: explained('/api/users', { port: 80 }),
    expected: { outcome: 'answered', answer: 'Listener plain sends it to https at port 443.' },
  },
  {
    title: 'a challenge on that listener',
    found: explained('/.well-known/acme-challenge/x', { port: 80 }),
    expected: { outcome: 'no_route' },
  },
  { title: 'no port', found: explained('/api/users', { port: undefined }), expected: { listener: 'public' } },
] as const) {
  t.test(`it is explained: ${title}`, async (t) => {
    t.match(found, expected)
  })
}

t.test('a gateway that does not listen there says nothing', async (t) => {
  t.equal(explained('/', { port: 9 }), undefined)
})
