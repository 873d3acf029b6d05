import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import type { GatewayExplain } from '#shared/protocol/route-explain.ts'
import { showRouteExplain } from './route-explain.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: 0 }

t.test('a request is explained: answer, what was passed over, who is called and who is not', async (t) => {
  const text = showRouteExplain(
    {
      method: 'GET',
      target: '/api/users/7',
      gateways: [
        {
          gateway: 'edge',
          proxy: 'envoy',
          listener: 'public',
          client: 'client-a',
          outcome: 'forwarded',
          answer: 'Route users leads to users, which sees /7.',
          route: { name: 'users', source: 'routes.yaml:9', asks: ['a token that main takes'] },
          target: '/7',
          choices: [
            {
              service: 'users',
              percent: 100,
              candidates: [{ instance: 'users-1', address: '10.0.0.1', port: 80, weight: 100, last: false }],
              left_out: [{ instance: 'users-2', reason: reason('draining') }],
            },
          ],
          passed_over: [{ route: 'v2', source: 'routes.yaml:12', why: 'its header x-version is not "2"' }],
        },
      ],
    },
    style,
  )
  t.match(text, /^envoy:edge by public as client-a: Route users leads to users, which sees \/7\./)
  t.match(text, /declared at routes.yaml:9; asks for a token that main takes/)
  t.match(text, /passed over v2 \(routes.yaml:12\): its header x-version is not "2"/)
  t.match(text, /users +100% +users-1 +10.0.0.1:80 +100 +yes/)
  t.match(text, /users +100% +users-2 +- +- +no: draining/)
})

t.test('a service with nobody, and a request for which nobody listens', async (t) => {
  const choices = [{ service: 's', percent: 100, candidates: [], left_out: [] }]
  const gateway = {
    gateway: 'edge',
    proxy: 'nginx',
    outcome: 'no_instance',
    answer: 'x',
    choices,
    passed_over: [],
  } satisfies GatewayExplain
  t.match(showRouteExplain({ method: 'GET', target: '/', gateways: [gateway] }, style), /nobody/)
  t.equal(
    showRouteExplain({ method: 'GET', target: '/', host: 'a', gateways: [] }, style),
    'No gateway listens for GET a/.',
  )
})
