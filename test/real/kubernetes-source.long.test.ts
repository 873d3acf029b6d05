import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { startConsul } from '#test/support/consul.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { KubernetesServer, noKubernetes } from '#test/support/kubernetes/api-server.ts'
import { dropSlice, endPod, makePod, planeAccount, podStatus, putSlice, slice } from '#test/support/kubernetes/shop.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(300_000)

const skip = noKubernetes()
if (skip !== false) {
  t.pass('skipped', { skip })
  t.end()
  process.exit()
}

await using server = await KubernetesServer.start()
await using folder = await temporaryFolder('kubernetes-source')
await server.namespace('shop')
const { tokenFile, renew } = await planeAccount(server, folder.path)
await using consul = await startConsul({ datacenter: 'zervigo-dc' })
const gateway = await freePort()
await using plane = await RunningPlane.start({
  declaration: `
gateways: { edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${gateway} }] } }
routes: [{ prefix: /api/crm, service: crm, path: strip }]
`,
  settings: {
    kubernetes: {
      clusters: [
        {
          ...{ name: 'prod', server: server.url, ca_file: server.caFile, token_file: tokenFile },
          namespaces: ['shop'],
          services: [
            { name: 'crm-*', service: 'crm', cluster: 'zervigo' },
            { name: '*', labels: { 'heddle.example/watch': 'true' } },
          ],
          zones: { 'zone-1': 'berlin' },
        },
      ],
    },
    mirror: {
      freshness: { every: '200ms', watch: '200ms' },
      datacenters: [{ name: 'zervigo-dc', address: consul.url }],
    },
  },
})
await using envoy = await startXdsEnvoy(plane.xdsPort)

const instances = () => plane.get<InstanceView[]>('/v1/instances?limit=1000')
const status = async () => {
  const view = await plane.get<StatusView>('/v1/status')
  const [cluster] = view.kubernetes ?? []
  return { ...view, cluster }
}
const brief = (view: InstanceView) =>
  `${view.service} ${view.address}:${view.port} ${view.health}${view.admission.state === 'active' ? '' : ` ${view.admission.state}`} ${view.routable}`
const becomes = (...expected: readonly string[]) =>
  waitFor(async () => (await instances()).map(brief).sort(), {
    what: `the instances ${expected.join(', ')}`,
    withinMs: 20_000,
    until: (seen) => seen.join() === [...expected].sort().join(),
  })
type ConsulEntry = {
  Service: { ID: string; Address: string }
  Checks: { CheckID: string; Status: string; Output: string }[]
}
const inConsul = async () => {
  const entries = await consul.request<ConsulEntry[]>('GET', '/v1/health/service/crm')
  return entries
    .map(({ Service, Checks }) => {
      const own = Checks.find(({ CheckID }) => CheckID === `heddle:${Service.ID}`)
      return `${Service.Address} ${own?.Status} ${own?.Output}`
    })
    .sort()
}
const consulBecomes = (...expected: readonly string[]) =>
  waitFor(inConsul, {
    what: `${expected.join()} in Consul`,
    withinMs: 20_000,
    until: (seen) => seen.join() === [...expected].sort().join(),
  })
const inEnvoy = async () => {
  const text = await envoy.admin('/clusters')
  return [...text.matchAll(/^crm::([0-9.]+:\d+)::health_flags/gm)].map(([, at]) => at).sort()
}
const envoyBecomes = (...expected: readonly string[]) =>
  waitFor(inEnvoy, {
    what: `${expected.join()} in Envoy`,
    withinMs: 20_000,
    until: (seen) => seen.join() === expected.join(),
  })

await t.test('a Service of Kubernetes appears as instances, in Consul and in Envoy, like one on a VM', async (t) => {
  const uid = await makePod(server, 'crm-0', { version: '2.1' })
  await podStatus(server, 'crm-0', { hostIP: '10.1.0.1' })
  await putSlice(
    server,
    slice('crm-api', 'crm-api-a', [{ pod: 'crm-0', uid, address: '10.244.0.5', node: 'node-1', zone: 'zone-1' }]),
  )
  await becomes('crm 10.244.0.5:8080 passing yes')
  const [view] = await instances()
  t.match(view, { origin: 'kubernetes', contact: 'none', cluster: 'zervigo', name: 'crm-0', node: 'prod-node-1' })
  t.match(view?.id, /^crm-[0-9a-f]{12}$/)
  await consulBecomes('10.244.0.5 passing pod_ready')
  await envoyBecomes('10.244.0.5:8080')
  const [node] = await plane.get<{ site: string; address: string }[]>('/v1/nodes')
  t.match(node, { site: 'berlin', address: '10.1.0.1' })
})

await t.test('what no rule names is none of ours', async () => {
  await putSlice(server, slice('other', 'other-a', [{ address: '10.244.0.99' }]))
  await putSlice(
    server,
    slice('kept', 'kept-a', [{ address: '10.244.0.98' }], { labels: { 'heddle.example/watch': 'true' } }),
  )
  await becomes('crm 10.244.0.5:8080 passing yes', 'kept 10.244.0.98:8080 passing yes')
  await dropSlice(server, 'kept-a')
  await becomes('crm 10.244.0.5:8080 passing yes')
})

await t.test(
  'a Pod that is not ready is critical with its own reason, and one that terminates is draining',
  async (t) => {
    const uid = (await server.must<{ metadata: { uid: string } }>('GET', '/api/v1/namespaces/shop/pods/crm-0')).metadata
      .uid
    const at = { pod: 'crm-0', uid, address: '10.244.0.5', node: 'node-1', zone: 'zone-1' }
    await podStatus(server, 'crm-0', {
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady', lastTransitionTime: '2026-01-01T00:00:00Z' },
      ],
      containerStatuses: [
        {
          name: 'main',
          image: 'none',
          imageID: '',
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
        },
      ],
    })
    await putSlice(server, slice('crm-api', 'crm-api-a', [{ ...at, ready: false }]))
    await becomes('crm 10.244.0.5:8080 critical no')
    await consulBecomes('10.244.0.5 critical pod_not_ready cause=CrashLoopBackOff')
    await envoyBecomes()
    await podStatus(server, 'crm-0', {
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      containerStatuses: [],
    })
    await putSlice(server, slice('crm-api', 'crm-api-a', [at]))
    await envoyBecomes('10.244.0.5:8080')
    await putSlice(server, slice('crm-api', 'crm-api-a', [{ ...at, ready: false, serving: true, terminating: true }]))
    await becomes('crm 10.244.0.5:8080 passing draining no')
    await envoyBecomes()
    const [drained] = await instances()
    t.match(drained?.admission, { by: 'kubernetes:prod' })
    await putSlice(server, slice('crm-api', 'crm-api-a', [at]))
    await becomes('crm 10.244.0.5:8080 passing yes')
  },
)

await t.test('a drain that an operator ordered stays while its Pod comes and goes', async (t) => {
  const [view] = await instances()
  t.equal((await plane.heddle('drain', view?.id ?? '', '--reason', 'test')).code, 0)
  const uid = (await server.must<{ metadata: { uid: string } }>('GET', '/api/v1/namespaces/shop/pods/crm-0')).metadata
    .uid
  const at = { pod: 'crm-0', uid, address: '10.244.0.5', node: 'node-1', zone: 'zone-1' }
  await putSlice(server, slice('crm-api', 'crm-api-a', [{ ...at, ready: false, serving: true, terminating: true }]))
  await putSlice(server, slice('crm-api', 'crm-api-a', [{ ...at, ready: false }]))
  await becomes('crm 10.244.0.5:8080 critical draining no')
  await putSlice(server, slice('crm-api', 'crm-api-a', [at]))
  await becomes('crm 10.244.0.5:8080 passing draining no')
  const code = (await plane.heddle('undrain', view?.id ?? '')).code
  t.equal(code, 0)
  await becomes('crm 10.244.0.5:8080 passing yes')
})

await t.test(
  'a Pod that was deleted is gone before its slice says so, and one of its name is the same instance',
  async (t) => {
    const [before] = await instances()
    await endPod(server, 'crm-0')
    await becomes()
    await consulBecomes()
    await envoyBecomes()
    const uid = await makePod(server, 'crm-0')
    await putSlice(
      server,
      slice('crm-api', 'crm-api-a', [{ pod: 'crm-0', uid, address: '10.244.0.6', node: 'node-2' }]),
    )
    await becomes('crm 10.244.0.6:8080 passing yes')
    const [after] = await instances()
    t.equal(after?.id, before?.id)
  },
)

await t.test('the plane asked for nothing but what it is granted, and was refused nothing', async (t) => {
  const asked = (await server.audit()).filter(
    ({ user }) => user.username === 'system:serviceaccount:heddle:heddle-plane',
  )
  const verbs = new Set(asked.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}`))
  t.strictSame([...verbs].filter((each) => !each.startsWith('list ')).sort(), ['watch endpointslices', 'watch pods'])
  t.notOk(asked.some(({ responseStatus }) => responseStatus?.code === 403))
})

await t.test('the API server goes and comes back: nothing changes, and what happened meanwhile is heard', async (t) => {
  const { revision, cluster: before } = await status()
  await server.stop()
  const gone = await waitFor(status, {
    what: 'the error',
    withinMs: 20_000,
    until: ({ cluster }) => cluster?.error !== null,
  })
  t.match(gone.cluster?.error, /KUBERNETES|cannot be asked|did not answer/)
  t.match(gone.problems.join(), /stays as it was/)
  t.equal(gone.revision, revision)
  t.strictSame((await instances()).map(brief), ['crm 10.244.0.6:8080 passing yes'])
  await envoyBecomes('10.244.0.6:8080')
  await server.run()
  const back = await waitFor(status, {
    what: 'it is heard again',
    withinMs: 60_000,
    until: ({ cluster }) => cluster?.error === null,
  })
  t.equal(back.revision, revision, 'no event')
  // A server that starts anew remembers nothing to go on from: all is listed once, which causes nothing.
  const lists = (back.cluster?.asked.lists ?? 0) - (before?.asked.lists ?? 0)
  t.ok(lists <= 2, `${lists} lists`)
  await putSlice(server, slice('crm-api', 'crm-api-b', [{ address: '10.244.0.7', node: 'node-3' }]))
  await becomes('crm 10.244.0.6:8080 passing yes', 'crm 10.244.0.7:8080 passing yes')
})

await t.test('a new token is taken from its file, and a plane that starts again changes nothing', async (t) => {
  await renew()
  const { revision } = await status()
  await plane.stop()
  await dropSlice(server, 'crm-api-b')
  await plane.start()
  await becomes('crm 10.244.0.6:8080 passing yes')
  const after = await waitFor(status, {
    what: 'all is said',
    withinMs: 20_000,
    until: ({ cluster }) => cluster?.answered === true,
  })
  t.equal(after.revision, revision + 1, 'the one that went')
  await consulBecomes('10.244.0.6 passing pod_ready')
})
