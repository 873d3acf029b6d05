import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { nodeOfPod, readClaims } from '#shared/identity/kubernetes.ts'
import type { EventView, NodeView } from '#shared/protocol/api.ts'
import type { IdentityView } from '#shared/protocol/identity-api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { newKey, requestOf } from '#test/support/identity.ts'
import { KubernetesServer, noKubernetes } from '#test/support/kubernetes/api-server.ts'
import { endPod, makePod, planeAccount, putSlice, slice } from '#test/support/kubernetes/shop.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(300_000)

const skip = noKubernetes()
if (skip !== false) {
  t.pass('skipped', { skip })
  t.end()
  process.exit()
}

// Without its memory of what changed, watches go on from what etcd keeps, which it forgets after seconds.
await using server = await KubernetesServer.start(['--watch-cache=false', '--etcd-compaction-interval=3s'])
await using folder = await temporaryFolder('kubernetes-enrolment')
for (const name of ['shop', 'elsewhere']) await server.namespace(name)
const { tokenFile } = await planeAccount(server, folder.path)
const grant = {
  services: ['crm*'],
  ranges: ['10.0.0.0/8', '127.0.0.0/8'],
  site: 'berlin',
  quotas: { instances: 10, metrics: 100 },
}
await using plane = await TlsPlane.start({
  kubernetes: {
    clusters: [
      {
        ...{ name: 'prod', server: server.url, ca_file: server.caFile, token_file: tokenFile },
        namespaces: ['shop'],
        services: [{ service: 'crm' }],
        enrolment: { allow: [{ namespace: 'shop', service_account: 'default', node: 'pod', grant }] },
      },
    ],
  },
})
const caFile = join(folder.path, 'heddle-ca.pem')
await writeFile(caFile, await plane.trust())

/** A token as a kubelet projects it into a Pod of its own. */
async function projected(
  pod: string,
  {
    namespace = 'shop',
    account = 'default',
    audiences = ['heddle'],
  }: { namespace?: string; account?: string; audiences?: string[] } = {},
) {
  const uid = await makePod(server, pod, { namespace, account })
  return { uid, token: await server.tokenOf(namespace, account, { audiences, pod: { name: pod, uid } }) }
}

/** Asks to be let in as an agent would. */
async function ask(token: string, { node }: { node?: string } = {}) {
  const claims = readClaims(token)
  const own = claims.kind === 'read' ? nodeOfPod(claims.identity, 'pod') : undefined
  const csr = await requestOf((await newKey()).pair)
  const body = {
    token,
    csr,
    node: node ?? own?.node ?? 'n-aaaaaaaaaaaa',
    machine: own?.machine ?? 'none',
    site: 'berlin',
  }
  const { status, body: text } = await plane.ask('/v1/enrol', { method: 'POST', body })
  return { status, answer: JSON.parse(text) as { state?: string; code?: string; detail?: string } }
}

await t.test('an agent in a Pod is let in by its token, and may say what its row grants', async (t) => {
  const { token } = await projected('sidecar-0')
  const file = join(folder.path, 'token')
  await writeFile(file, token, { mode: 0o600 })
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    more: {
      node: { site: 'berlin' },
      identity: { kubernetes: { token_file: file, ca_file: caFile } },
    },
  })
  const nodes = await waitFor(() => plane.get<NodeView[]>('/v1/nodes'), {
    what: 'its node',
    withinMs: 20_000,
    until: (seen) => seen.some(({ contact }) => contact === 'connected'),
  })
  const [identity] = await plane.get<IdentityView[]>('/v1/identities')
  t.match(identity, {
    node: nodes[0]?.id,
    token: 'kubernetes:prod/shop/default',
    services: ['crm*'],
    site: 'berlin',
    state: 'enrolled',
  })
  t.match(await agent.page('/health'), /"enrolled"/)
  t.notMatch(agent.output, token.slice(0, 30), 'the token is in no log')
})

await t.test('nobody else is let in', async (t) => {
  const forOthers = await projected('audience-0', { audiences: ['vault'] })
  const ofApi = await projected('api-0', { audiences: ['https://kubernetes.default.svc'] })
  const elsewhere = await projected('elsewhere-0', { namespace: 'elsewhere' })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'other', namespace: 'shop' } }
  await server.must('POST', '/api/v1/namespaces/shop/serviceaccounts', { body: account })
  const otherAccount = await projected('other-0', { account: 'other' })
  const deleted = await projected('deleted-0')
  await endPod(server, 'deleted-0')
  const unbound = await server.tokenOf('shop', 'default', { audiences: ['heddle'] })
  const { token } = await projected('forged-0')
  const [head, claims = '', signature] = token.split('.')
  const changed = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sub: string }
  const forged = [head, Buffer.from(JSON.stringify({ ...changed, sub: 'x' })).toString('base64url'), signature].join(
    '.',
  )
  for (const [what, shown, why] of [
    ['a token for somebody else', forOthers.token, /does not know it/],
    ['a token for the API server', ofApi.token, /does not know it|audience/],
    ['one of another namespace', elsewhere.token, /no row .* lets in elsewhere\/default/],
    ['one of another service account', otherAccount.token, /no row .* lets in shop\/other/],
    ['one of a Pod that was deleted', deleted.token, /does not know it/],
    ['one that is bound to no Pod', unbound, undefined],
    ['one that was changed', forged, /does not know it/],
    ['anything', 'a.b.c', undefined],
  ] as const) {
    const { status, answer } = await ask(shown)
    t.equal(status, 403, what)
    if (why) t.match(answer.detail, why, what)
  }
})

await t.test('a Pod is one node: another one, and its own with another key', async (t) => {
  const mine = await projected('own-0')
  const theirs = await projected('own-1')
  t.match(await ask(mine.token), { status: 200, answer: { state: 'issued' } })
  const claims = readClaims(mine.token)
  const node = claims.kind === 'read' ? nodeOfPod(claims.identity, 'pod')?.node : undefined
  const taken = await ask(theirs.token, { node: node ?? '' })
  t.match(taken, { status: 403, answer: { code: 'ENROLMENT_OUT_OF_SCOPE' } })
  const again = await ask(mine.token)
  t.match(again, { status: 200 }, 'a container that has lost its key')
  const identity = (await plane.get<IdentityView[]>('/v1/identities')).find((each) => each.node === node)
  t.equal(identity?.enrolment, 2, 'what the key before it was given is revoked')
  const revoke = { method: 'POST', body: { by: 'test', reason: 'lost' } }
  t.equal((await plane.ask(`/v1/identities/${node}/revoke`, revoke)).status, 200)
  await pause(1_200)
  t.match(await ask(mine.token), { status: 202, answer: { state: 'waiting' } }, 'what an operator has revoked stays so')
})

await t.test('etcd forgets where a watch was: all is listed once, and what happened is taken as it is', async (t) => {
  const look = async () => {
    const view = await plane.get<StatusView>('/v1/status')
    const [cluster] = view.kubernetes ?? []
    if (!cluster) throw new Error('nothing is watched')
    return { ...view, cluster }
  }
  await putSlice(server, slice('crm', 'crm-a', [{ address: '10.244.0.5' }, { address: '10.244.0.6' }]))
  const before = await waitFor(look, {
    what: 'two',
    withinMs: 20_000,
    until: ({ instances }) => instances.passing === 2,
  })
  await server.stop()
  await server.run()
  await putSlice(server, slice('crm', 'crm-a', [{ address: '10.244.0.5' }]))
  const after = await waitFor(look, { what: 'one', withinMs: 60_000, until: ({ instances }) => instances.total === 1 })
  const events = await plane.get<EventView[]>(`/v1/events?after=${before.revision}`)
  // Others speak meanwhile: the node of the first agent, which said goodbye, becomes suspect at a time of its own.
  const told = events.filter(({ by }) => by === 'kubernetes:prod')
  t.match(told, [{ kind: 'deregistered', change: { cause: 'withdrawn' } }])
  t.equal(told.length, 1)
  t.ok(after.cluster.asked.lists - before.cluster.asked.lists <= 4)
})

await t.test('while the API server is away nobody is vouched for, and nothing of it is told', async (t) => {
  const { token } = await projected('late-0')
  await server.stop()
  const { status, answer } = await ask(token)
  t.equal(status, 503)
  t.match(answer.code, 'ENROLMENT_UNVOUCHED')
  t.notMatch(JSON.stringify(answer), /localhost|ECONNREFUSED/)
})
