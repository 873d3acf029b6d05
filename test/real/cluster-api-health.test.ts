import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type ClusterPlane, realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'
import { waitFor } from '#test/support/wait.ts'

const unknown = { success: false, healthy: false, status: 'unknown' }

/** A server that answers as told, with undefined never. */
async function answering(t: Test, answer: { status: number; body: object } | undefined): Promise<number> {
  const server = createServer((_request, response) => {
    if (answer) response.writeHead(answer.status).end(JSON.stringify(answer.body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

async function services(plane: ClusterPlane): Promise<Record<string, { status: string }>> {
  const { body } = await plane.call('GET', '/health')
  return (body.zervigo_services as { services: Record<string, { status: string }> }).services
}

t.test('health has the names that existing clients read, and what nobody has probed is unknown', async (t) => {
  await using plane = await startClusterPlane({ settings: { service_name: 'crm', zervigo: { every: '1h' } } })
  await plane.call('POST', '/cluster/register', { ...realRegistration, service_name: 'unified-auth' })
  await plane.call('POST', `/cluster/heartbeat/${realRegistration.instance_id}`, { health: 'healthy' })
  const { status, body } = await plane.call('GET', '/health')
  t.equal(status, 200)
  t.match(body, { status: 'healthy', service: 'crm', version: '0.1.0', timestamp: /^\d{4}-.*Z$/ })
  t.strictSame(body.zervigo_services, {
    success: false,
    services: { auth: unknown, resume: unknown, job: unknown, company: unknown, user: unknown },
  })
})

t.test(
  'services are probed where they are said to be or are registered, and what hangs delays no answer',
  async (t) => {
    const [well, failing, hanging] = await Promise.all([
      answering(t, { status: 200, body: { status: 'healthy', service: 'whoever' } }),
      answering(t, { status: 500, body: {} }),
      answering(t, undefined),
    ])
    const registered = await answering(t, { status: 200, body: { status: 'UP', service: 'user-service' } })
    const stranger = await answering(t, { status: 200, body: { status: 'UP', service: 'somebody-else' } })
    const urls = {
      auth: `http://127.0.0.1:${well}/status`,
      job: `http://127.0.0.1:${failing}`,
      resume: `http://127.0.0.1:${hanging}`,
    }
    await using plane = await startClusterPlane({ settings: { zervigo: { urls, every: '1s', timeout: '60s' } } })
    for (const [service_name, port] of [
      ['user-service', registered],
      ['company-service', stranger],
    ] as const) {
      const registration = { ...realRegistration, service_name, instance_id: service_name, address: '127.0.0.1', port }
      t.equal((await plane.call('POST', '/cluster/register', registration)).status, 201)
    }
    const wanted = { auth: 'healthy', job: 'critical', user: 'healthy', company: 'critical', resume: 'unknown' }
    const seen = await waitFor(() => services(plane), {
      what: 'what is found of each service',
      withinMs: 15_000,
      until: (found) => Object.entries(wanted).every(([name, status]) => found[name]?.status === status),
    })
    t.match(seen, { auth: { success: true, healthy: true }, job: { success: true, healthy: false }, resume: unknown })
  },
)

t.test('what was found is believed for some rounds and is unknown then', async (t) => {
  const port = await answering(t, { status: 200, body: { status: 'ok' } })
  const zervigo = {
    urls: { auth: `http://127.0.0.1:${port}` },
    every: '1s',
    timeout: '1s',
    services: { auth: 'a', job: 'b' },
  }
  await using plane = await startClusterPlane({ settings: { zervigo } })
  await waitFor(() => services(plane), {
    what: 'auth to be probed',
    withinMs: 15_000,
    until: (found) => found.auth?.status === 'healthy',
  })
  // A plane that is not complete looks at nothing.
  Object.defineProperty(plane.fleet, 'complete', { value: false })
  const old = await waitFor(() => services(plane), {
    what: 'the finding to grow old',
    withinMs: 15_000,
    until: (found) => found.auth?.status === 'unknown',
  })
  t.strictSame(old, { auth: unknown, job: unknown })
})
