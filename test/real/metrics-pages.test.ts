import t from 'tap'
import type { PagePlan } from '#agent/metrics/page-plan.ts'
import { Pages } from '#agent/metrics/pages.ts'
import type { Metric } from '#shared/protocol/messages.ts'
import { startConsul } from '#test/support/consul.ts'
import { startEnvoy } from '#test/support/envoy.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { missingParts, type PartName } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(90_000)

function plan(port: number, more: Partial<PagePlan>): PagePlan {
  return {
    instance: 'it-1',
    address: '127.0.0.1',
    port,
    path: '/metrics',
    tls: false,
    everyMs: 100,
    timeoutMs: 10_000,
    keep: [],
    expected: true,
    ...more,
  }
}

/** The values of one reading of a page in which `name` is told. */
async function readUntil(page: PagePlan, name: string, meanwhile: () => Promise<unknown> = async () => {}) {
  await using pages = new Pages(() => 'passing')
  pages.apply([page])
  const look = async () => {
    await meanwhile()
    return pages.take()
  }
  const found = await waitFor(look, {
    what: `${name} of ${page.path}; ${JSON.stringify(pages.state.pages)}`,
    withinMs: 25_000,
    until: (metrics) => metrics.some((metric) => metric.name === name && metric.value > 0),
  })
  return { metrics: byName(found), state: pages.state }
}

function byName(metrics: readonly Metric[]): Readonly<Record<string, string>> {
  return Object.fromEntries(metrics.map(({ name, unit, value }) => [name, `${value} ${unit}`]))
}

function skipWithout(...parts: readonly PartName[]): string | false {
  const missing = missingParts(parts)
  return missing.length > 0 && `${missing.join(', ')} is not on this machine`
}

await t.test(
  "Envoy's page tells requests, failures and latency, and of the rest what is asked for",
  { skip: skipWithout('envoy') },
  async (t) => {
    await using server = await startBasicServer()
    const port = await freePort()
    await using envoy = await startEnvoy({ bootstrap: bootstrapFor(port, server.port) })
    await server.switch({ mode: 'fail' })
    const page = plan(envoy.adminPort, {
      path: '/stats/prometheus',
      keep: ['envoy_cluster_membership_*', 'envoy_server_uptime'],
    })
    const { metrics, state } = await readUntil(page, 'service_latency_p95', () => fetch(`http://127.0.0.1:${port}/x`))
    t.match(metrics, {
      service_requests: / count$/,
      service_errors: / count$/,
      service_latency_p95: / ms$/,
      'envoy_cluster_membership_healthy{envoy_cluster_name=basic-server}': '1 count',
    })
    t.match(state.pages, [{ seen: { dialect: 'prometheus', attempt: { kind: 'read' } } }])
    t.strictSame(
      Object.keys(metrics).filter((name) => !/^(service_|envoy_cluster_membership|envoy_server_uptime)/.test(name)),
      [],
    )
  },
)

await t.test(
  'what is not asked for of a large page is a few series, and the rest is counted',
  { skip: skipWithout('envoy') },
  async (t) => {
    await using envoy = await startEnvoy({ bootstrap: bootstrapFor(await freePort(), 1) })
    // Its own admin page counts the requests that read it.
    const { metrics, state } = await readUntil(plan(envoy.adminPort, { path: '/stats/prometheus' }), 'service_requests')
    t.ok(Object.keys(metrics).length <= 23)
    t.ok(state.dropped.too_many > 100, `${state.dropped.too_many} too many`)
  },
)

await t.test("Consul's page of JSON is read by the names in its lists", { skip: skipWithout('consul') }, async (t) => {
  await using consul = await startConsul({ datacenter: 'zervigo-dc' })
  const keep = ['Gauges.consul.runtime.*']
  const { metrics, state } = await readUntil(
    plan(consul.port, { path: '/v1/agent/metrics', keep }),
    'Gauges.consul.runtime.alloc_bytes',
  )
  t.match(metrics, {
    'Gauges.consul.runtime.alloc_bytes': / bytes$/,
    'Gauges.consul.runtime.num_goroutines': / count$/,
  })
  t.match(state.pages, [{ seen: { dialect: 'JSON' } }])
})

await t.test("Nginx's stub_status tells its requests", { skip: skipWithout('nginx') }, async (t) => {
  const port = await freePort()
  const conf = nginxConfiguration(`server { listen 127.0.0.1:${port}; location /status { stub_status; } }`)
  await using _nginx = await startNginx({ conf })
  const { metrics, state } = await readUntil(plan(port, { path: '/status' }), 'service_requests')
  t.match(metrics, { nginx_connections_active: / count$/ })
  t.match(state.pages, [{ seen: { dialect: 'nginx status' } }])
})

await t.test('a server without a page is found to have none', async (t) => {
  await using server = await startBasicServer()
  await using pages = new Pages(() => 'passing')
  pages.apply([plan(server.port, { expected: false })])
  const seen = await waitFor(() => pages.state.pages[0]?.seen, { what: 'the attempt', withinMs: 20_000 })
  t.strictSame(seen?.attempt, { kind: 'absent', why: 'no numbers in it' })
})

function bootstrapFor(port: number, upstream: number): object {
  const address = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })
  const http = 'type.googleapis.com/envoy.extensions.filters'
  const manager = {
    '@type': `${http}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'in',
    http_filters: [{ name: 'router', typed_config: { '@type': `${http}.http.router.v3.Router` } }],
    route_config: {
      virtual_hosts: [
        { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'basic-server' } }] },
      ],
    },
  }
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }]
  return {
    // Its histograms are told only then.
    stats_flush_interval: '0.5s',
    static_resources: {
      listeners: [{ address: address(port), filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }] }],
      clusters: [{ name: 'basic-server', load_assignment: { cluster_name: 'basic-server', endpoints } }],
    },
  }
}
