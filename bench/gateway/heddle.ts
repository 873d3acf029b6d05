import { join } from 'node:path'
import { startLandscape } from '#test/support/landscape/landscape.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { waitFor } from '#test/support/wait.ts'

/** The ports of Heddle's gateways. */
export type Gateways = AsyncDisposable & { readonly envoy: number; readonly nginx: number }

/** Both gateways of an installation with one policed route to an instance at `port`. */
export async function startHeddle(folder: string, port: number): Promise<Gateways> {
  const landscape = await startLandscape({ folder, members: [] })
  try {
    const { view, plan } = landscape
    await view.send('POST', '/cluster/register', {
      service_id: 'policed-1',
      service_name: 'policed',
      service_url: `http://127.0.0.1:${port}`,
      node_id: 'bench',
      health_status: 'healthy',
    })
    await writeYaml(join(folder, 'routes', 'routes.yaml'), declaration(folder, plan.ports))
    const { envoy, nginx } = plan.ports
    for (const gateway of [envoy, nginx]) {
      await waitFor(
        async () => {
          const { status, headers } = await fetch(`http://127.0.0.1:${gateway}/policed/x`)
          return status === 200 && headers.get('x-frame-options') === 'DENY'
        },
        { what: 'the policed route', withinMs: 60_000, everyMs: 100 },
      )
    }
    return { envoy, nginx, [Symbol.asyncDispose]: () => landscape[Symbol.asyncDispose]() }
  } catch (error) {
    await landscape[Symbol.asyncDispose]()
    throw error
  }
}

/** The same policies as in hand-written/. */
function declaration(folder: string, ports: { readonly envoy: number; readonly nginx: number }): object {
  const log = (name: string) => join(folder, 'logs', `heddle-${name}.log`)
  const listeners = (port: number) => [{ address: '127.0.0.1', port }]
  return {
    gateways: {
      edge: { proxy: 'envoy', listeners: listeners(ports.envoy), access_log: log('envoy') },
      'edge-nginx': { proxy: 'nginx', listeners: listeners(ports.nginx), access_log: log('nginx') },
    },
    routes: [
      {
        prefix: '/policed',
        service: 'policed',
        path: 'strip',
        timeout: '5s',
        retries: 1,
        max_body: '64kb',
        rate: { requests: '1000000/s', burst: 1_000_000 },
        cors: { origins: ['https://app.example.com'], methods: ['GET', 'POST'], headers: ['authorization'] },
        request_headers: { set: { 'x-tenant': 'one' }, remove: ['x-debug'] },
        response_headers: { set: { 'x-frame-options': 'DENY' }, remove: [] },
      },
    ],
  }
}
