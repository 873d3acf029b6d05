import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

type Health = {
  readonly zervigo_services: { readonly services: Readonly<Record<string, { readonly status: string }>> }
}

/** A server that counts what it is asked. */
async function counted(answer: (port: number) => { readonly status: number; readonly location?: string }) {
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    const { status, ...headers } = answer(port)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end('{"status":"healthy"}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { port, asked: () => asked }
}

await using plane = await RunningPlane.start({
  settings: {
    ingest: {
      clients: {
        zervigo: {
          services: { auth: 'unified-auth', resume: 'resume-service', job: 'job-service' },
          every: '1s',
          timeout: '1s',
        },
      },
    },
  },
})
const { port: own } = new URL(plane.url)

async function register(service: string, port: number | string): Promise<void> {
  const answer = await fetch(`${plane.url}/cluster/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      service_id: `${service}-1`,
      service_name: service,
      service_url: `http://127.0.0.1:${port}`,
    }),
  })
  t.ok(answer.ok, await answer.text())
}

await t.test(
  'a plane looks at what is registered, follows no redirect, and is not sent to its own ports',
  async (t) => {
    const well = await counted(() => ({ status: 200 }))
    const inner = await counted(() => ({ status: 200 }))
    const outer = await counted(() => ({ status: 302, location: `http://127.0.0.1:${inner.port}/health` }))
    await register('unified-auth', well.port)
    await register('resume-service', outer.port)
    // Its /health would say that all is well.
    await register('job-service', own)
    await waitFor(async () => [well.asked(), outer.asked()] as const, {
      what: 'the services to be looked at',
      withinMs: 20_000,
      until: ([first, second]) => first > 1 && second > 1,
      everyMs: 50,
    })
    const look = async () => {
      const { zervigo_services } = await plane.get<Health>('/health')
      return Object.fromEntries(Object.entries(zervigo_services.services).map(([name, { status }]) => [name, status]))
    }
    const found = await waitFor(look, {
      what: 'what was found to be shown',
      withinMs: 20_000,
      until: ({ auth }) => auth === 'healthy',
      everyMs: 50,
    })
    t.equal(inner.asked(), 0)
    t.equal(found.job, 'unknown', 'it has not asked itself')
  },
)
