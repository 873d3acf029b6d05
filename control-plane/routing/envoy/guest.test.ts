import t from 'tap'
import { boundsOf, everything } from '#shared/identity/scope.ts'
import { status } from './grpc/serve-streams.ts'
import { type EnvoyGuest, refusalOf, refusalOfNode } from './guest.ts'

const node = 'n-aaaaaaaaaaaa'
const scope = { ...everything, v: 1 as const, site: 'tencent', enrolment: 1, gateways: ['edge', 'inner-*'] }
const guest = (may: 'all' | 'renew' = 'all'): EnvoyGuest => ({
  node,
  bounds: boundsOf(scope),
  judge: () => ({ may, node, scope }),
})

for (const { id, cluster, refused } of [
  { id: node, cluster: 'edge', refused: undefined },
  { id: `${node}/second`, cluster: 'inner-1', refused: undefined },
  { id: node, cluster: 'other', refused: /IDENTITY_OUT_OF_SCOPE/ },
  { id: 'n-bbbbbbbbbbbb', cluster: 'edge', refused: /IDENTITY_OTHER_NODE/ },
  { id: `${node}x`, cluster: 'edge', refused: /IDENTITY_OTHER_NODE/ },
]) {
  t.test(`an Envoy that calls itself ${id} of ${cluster} is ${refused ? 'refused' : 'taken'}`, async (t) => {
    const refusal = refusalOfNode(guest(), { id, cluster })
    if (refused) t.match(refusal, { code: status.permissionDenied, details: refused })
    else t.equal(refusal, undefined)
  })
}

t.test('who shows no certificate, or one that may only be renewed, may not ask', async (t) => {
  t.match(refusalOf(undefined), { code: status.unauthenticated })
  t.match(refusalOf(guest('renew')), { code: status.permissionDenied, details: /CERTIFICATE_EXPIRED/ })
  t.equal(refusalOf(guest()), undefined)
})
