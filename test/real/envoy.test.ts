import t from 'tap'
import { startEnvoy, validateEnvoy } from '#test/support/envoy.ts'
import { portOwner } from '#test/support/port-owner.ts'
import { freePort } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { drive } from '#test/support/traffic.ts'
import { waitFor } from '#test/support/wait.ts'

const http = 'type.googleapis.com/envoy.extensions.filters'

function bootstrapFor(port: number, upstreamPorts: readonly number[]): object {
  const router = { name: 'router', typed_config: { '@type': `${http}.http.router.v3.Router` } }
  const manager = {
    '@type': `${http}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    http_filters: [router],
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'basic-server' } }] },
      ],
    },
  }
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })
  const lb_endpoints = upstreamPorts.map((port) => ({ endpoint: { address: address(port) } }))
  return {
    static_resources: {
      listeners: [{ address: address(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }],
      clusters: [
        { name: 'basic-server', load_assignment: { cluster_name: 'basic-server', endpoints: [{ lb_endpoints }] } },
      ],
    },
  }
}

await t.test('an Envoy spreads traffic over servers, counts it, restarts, and leaves nothing running', async (t) => {
  const port = await freePort()
  const ports = [port]
  {
    await using a = await startBasicServer({ instance: 'a' })
    await using b = await startBasicServer({ instance: 'b' })
    await using envoy = await startEnvoy({ bootstrap: bootstrapFor(port, [a.port, b.port]) })
    ports.push(envoy.adminPort)
    await using traffic = drive({ url: `http://127.0.0.1:${port}/x`, perSecond: 100 })
    await waitFor(() => traffic.summary().sent, { what: '50 requests', withinMs: 20_000, until: (sent) => sent >= 50 })
    const { sent, failed, statuses, instances } = await traffic.stop()
    t.equal(failed, 0)
    t.strictSame(statuses, { 200: sent })
    const { a: ofA = 0, b: ofB = 0 } = instances
    t.ok(Math.abs(ofA - ofB) <= 1, 'round robin')
    t.equal(
      (await envoy.stats('^cluster.basic-server.upstream_rq_total$')).get('cluster.basic-server.upstream_rq_total'),
      sent,
    )
    await envoy.stop()
    t.equal(await portOwner(port), undefined)
    await envoy.start()
    t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200)
    await envoy.kill()
    await envoy.start()
    t.equal((await portOwner(envoy.adminPort))?.pid, envoy.pid)
  }
  for (const port of ports) t.equal(await portOwner(port), undefined)
})

await t.test('validation accepts what would start and says what is wrong with the rest', async (t) => {
  t.match(await validateEnvoy(bootstrapFor(1, [2])), { accepted: true })
  t.match(await validateEnvoy({ static_resources: { nonsense: true } }), { accepted: false, output: /nonsense/ })
})

await t.test('a bootstrap that Envoy refuses fails the start with its reason', async (t) => {
  await t.rejects(startEnvoy({ bootstrap: { nonsense: true } }), /nonsense/)
})
