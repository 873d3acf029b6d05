import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { startTwoClusters } from '#test/support/two-clusters.ts'
import { waitFor } from '#test/support/wait.ts'

const skip = missingParts(['envoy']).length > 0 ? 'there is no Envoy' : false
const federation = {
  entry: { zervigo: 'basic-server', looma: 'basic-server' },
  // A cluster that is back takes over again on a tie after this; the default would make the test long.
  patience: '1s',
  every: '500ms',
}

await t.test(
  'a gateway leads to the cluster that answers, and to the other one when that dies',
  { skip },
  async (t) => {
    const port = await freePort()
    const declaration = `
gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${port} }] }
routes:
  - { prefix: /any, service: "federated:jobs", path: strip }
  - { prefix: /zervigo, service: zervigo-cluster, path: strip }
  - { prefix: /looma, service: looma-cluster, path: strip }
`
    await using clusters = await startTwoClusters(1, { declaration, settings: { federation } })
    await clusters.allThere()
    await using envoy = await startXdsEnvoy(clusters.plane.xdsPort, { cluster: 'edge', id: 'edge-1' })
    const ask = async (path: string) => {
      const url = `http://127.0.0.1:${port}${path}`
      const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5_000) })
      const text = await response.text()
      return response.ok ? (JSON.parse(text) as { instance: string }).instance : String(response.status)
    }
    const answers = (path: string, instance: string) =>
      waitFor(() => ask(path), {
        what: `${instance} to answer ${path}`,
        withinMs: 25_000,
        until: (seen) => seen === instance,
      })
    await answers('/any', 'zervigo-0')
    t.equal(await ask('/zervigo'), 'zervigo-0')
    t.equal(await ask('/looma'), 'looma-0')

    const changes = async () => [...(await envoy.stats('^cluster\\..*\\.membership_change$'))].toString()
    const before = await changes()
    await clusters.plane.kill()
    await clusters.plane.start()
    await waitFor(() => clusters.plane.get<StatusView>('/v1/status'), {
      what: 'the gateway to have proven what the plane has after its restart',
      withinMs: 25_000,
      until: ({ sinks, nodes, revision }) =>
        nodes.connected === 2 && sinks.every(({ proven }) => proven?.revision === revision),
    })
    t.equal(await changes(), before, 'a restart of the plane moves nobody')

    await clusters.killCluster('zervigo')
    await answers('/any', 'looma-0')
    await answers('/zervigo', '503')
    t.equal(await ask('/looma'), 'looma-0')

    await clusters.startCluster('zervigo')
    await answers('/any', 'zervigo-0')
    await answers('/zervigo', 'zervigo-0')
  },
)
