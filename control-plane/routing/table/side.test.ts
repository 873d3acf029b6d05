import t from 'tap'
import { plainRoute, plainTable } from '#test/support/routing/route-tables.ts'
import { explainRequest } from '../explain-request.ts'
import { decide } from './decide.ts'
import { sideOf } from './side.ts'
import { choicesOfSplit, type Split } from './split.ts'

const split: Split = {
  ...{ name: 'crm', baseline: 'crm', canary: 'crm-next', permille: 500 },
  ...{ cohort: [{ name: 'x-canary', is: 'yes' }], by: { kind: 'header', name: 'x-user-id' } },
}
const request = { method: 'GET', target: '/a' }
const user = (name: string) => [['X-User-Id', name] as const]

type Case = {
  readonly name: string
  readonly more?: Partial<Split>
  readonly headers?: readonly (readonly [string, string])[]
  readonly address?: string
  readonly proxy?: 'envoy' | 'nginx'
  readonly side: 'canary' | 'baseline' | undefined
}

const cases: readonly Case[] = [
  { name: 'of the cohort', headers: [['X-Canary', 'yes, no']], side: 'canary' },
  { name: 'of a known user at an Envoy', headers: user('user-0'), proxy: 'envoy', side: 'canary' },
  { name: 'of a known user at an Nginx', headers: user('user-0'), proxy: 'nginx', side: 'baseline' },
  { name: 'of a user where nobody says which proxy', headers: user('user-0'), side: undefined },
  { name: 'of nobody', proxy: 'envoy', side: undefined },
  { name: 'of an address', address: '10.0.0.7', proxy: 'envoy', side: 'baseline' },
  { name: 'before any users', more: { permille: 0 }, headers: user('user-0'), side: 'baseline' },
  { name: 'when all users are there', more: { permille: 1000 }, side: 'canary' },
]

for (const { name, more, headers, address, proxy, side } of cases) {
  t.test(`the side of a request ${name}`, async (t) => {
    const found = sideOf({ ...split, ...more }, { ...request, ...(headers && { headers }), address }, proxy)
    t.equal(found.side, side, found.why)
  })
}

const table = plainTable(8080, [plainRoute('/', 'crm', { split, choices: choicesOfSplit(split) })], {
  crm: [],
  'crm-next': [],
})

t.test('a decision names the services that may be called, and explain says why', async (t) => {
  t.match(decide(table, request), { services: ['crm-next', 'crm'] })
  const headers = [['x-canary', 'yes'] as const]
  t.strictSame(decide(table, { ...request, headers }), {
    ...{ kind: 'routed', route: table.routes[0], target: '/a', services: ['crm-next'] },
    side: { side: 'canary', why: 'it fulfils what the cohort asks of headers' },
  })
  const asked = { ...request, headers, port: 8080 }
  t.match(
    explainRequest(table, asked, () => []),
    {
      answer: /leads to crm-next \(canary: it fulfils what the cohort asks of headers\)/,
      split: { service: 'crm', side: 'canary' },
      choices: [{ service: 'crm-next', percent: 100 }],
    },
  )
  t.match(
    explainRequest(table, { ...request, port: 8080 }, () => []),
    {
      answer: /split: 50% of the users are on the canary, by header x-user-id or else by address, which is not known/,
      split: { side: null },
      choices: [
        { service: 'crm-next', percent: 50 },
        { service: 'crm', percent: 50 },
      ],
    },
  )
})
