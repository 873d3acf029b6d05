import t from 'tap'
import { plainEndpoint, plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import type { Service } from '../table.ts'
import { renderNginx } from './render.ts'

const near = plainEndpoint(1)
const next = plainEndpoint(2, { priority: 1, weight: 50 })
const far = plainEndpoint(3, { priority: 2 })

function rendered(service: Partial<Service>, retries = 1) {
  const files = renderNginx(plainTable(80, [plainRoute('/', 's', { retries })], { s: service }), 1).files
  const text = files.map(({ content }) => content).join('\n')
  const servers = [...text.matchAll(/^ +server 127\.0\.0\.1:(\d+)(.*?);/gm)].map(([, port, rest = '']) =>
    [port, ...rest.split(' ').filter((word) => /^(?:backup|down|weight=.*)$/.test(word))].join(' '),
  )
  return { servers, tries: /proxy_next_upstream_tries (\d+);/.exec(text)?.[1] }
}

for (const { name, service, servers } of [
  {
    name: 'the next level stands by, farther ones are only named',
    service: { endpoints: [near, next, far] },
    servers: ['1 weight=2', '2 backup', '3 weight=2 down'],
  },
  { name: 'what no one stands before is called', service: { endpoints: [next] }, servers: ['2'] },
  {
    name: 'random counts no weights and knows nobody who stands by',
    service: { balance: 'random', endpoints: [near, plainEndpoint(4, { weight: 50 }), next, far] },
    servers: ['1', '4'],
  },
  {
    name: 'a hash knows nobody who stands by either',
    service: { balance: 'ip_hash', endpoints: [near, next, far] },
    servers: ['1'],
  },
] as const) {
  t.test(name, async (t) => {
    t.strictSame(rendered(service).servers, servers)
  })
}

const many = Array.from({ length: 20 }, (_, place) => plainEndpoint(100 + place))

for (const { name, service, retries, tries } of [
  {
    name: 'who has nobody standing by is asked as often as the route says',
    service: { endpoints: many },
    retries: 1,
    tries: '2',
  },
  {
    name: 'a request passes a level of two on its way to the next',
    service: { endpoints: [near, near, next] },
    retries: 1,
    tries: '3',
  },
  { name: 'but not a level of twenty', service: { endpoints: [...many, next] }, retries: 1, tries: '9' },
  { name: 'nor fewer times than the route says', service: { endpoints: [near, next] }, retries: 4, tries: '5' },
  {
    name: 'and not where the route wants nothing repeated',
    service: { endpoints: [near, next] },
    retries: 0,
    tries: undefined,
  },
]) {
  t.test(name, async (t) => {
    t.equal(rendered(service, retries).tries, tries)
  })
}
