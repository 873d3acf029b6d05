import { join } from 'node:path'
import { type Landscape, startLandscape } from '#test/support/landscape/landscape.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { waitFor } from '#test/support/wait.ts'
import type { Access } from './access.ts'

/** The ports of Heddle's gateways. */
export type Gateways = AsyncDisposable & { readonly envoy: number; readonly nginx: number }

/** Both gateways of an installation with one policed route to an instance at `port`. */
export async function startHeddle(folder: string, port: number, access: Access): Promise<Gateways> {
  await using stack = new AsyncDisposableStack()
  const landscape = stack.use(await startLandscape({ folder, members: [] }))
  const { envoy, nginx, plane } = landscape.plan.ports
  stack.use(
    await RunningAgent.start({
      planes: [`http://127.0.0.1:${plane}`],
      more: { authorizers: [{ gateway: 'edge-nginx', listen: `127.0.0.1:${access.authorizerPort}` }] },
    }),
  )
  await register(landscape, 'policed', port)
  await register(landscape, 'keys', access.keysPort)
  await writeYaml(join(folder, 'routes', 'routes.yaml'), declaration(folder, { envoy, nginx }, access))
  for (const gateway of [envoy, nginx]) {
    await waitFor(() => isPoliced(gateway, access), { what: 'the policed route', withinMs: 60_000, everyMs: 100 })
  }
  const running = stack.move()
  return { envoy, nginx, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

function register({ view }: Landscape, service: string, port: number): Promise<unknown> {
  return view.send('POST', '/cluster/register', {
    service_id: `${service}-1`,
    service_name: service,
    service_url: `http://127.0.0.1:${port}`,
    node_id: 'bench',
    health_status: 'healthy',
  })
}

/** Whether a gateway lets those pass who may, and nobody else. */
export async function isPoliced(port: number, { authorization }: Pick<Access, 'authorization'>): Promise<boolean> {
  const ask = (headers: Readonly<Record<string, string>>) => fetch(`http://127.0.0.1:${port}/policed/x`, { headers })
  const [known, unknown] = [
    await ask({ authorization }),
    await ask({ authorization: `${authorization.slice(0, -9)}AAAAAAAAA` }),
  ]
  return known.status === 200 && known.headers.get('x-frame-options') === 'DENY' && unknown.status === 401
}

/** The same policies as in hand-written/. */
function declaration(
  folder: string,
  ports: { readonly envoy: number; readonly nginx: number },
  access: Access,
): object {
  const authorizer = `127.0.0.1:${access.authorizerPort}`
  const log = (name: string) => join(folder, 'logs', `heddle-${name}.log`)
  const listeners = (port: number) => [{ address: '127.0.0.1', port }]
  return {
    gateways: {
      edge: { proxy: 'envoy', listeners: listeners(ports.envoy), access_log: log('envoy') },
      'edge-nginx': { proxy: 'nginx', listeners: listeners(ports.nginx), access_log: log('nginx'), authorizer },
    },
    authentication: {
      users: {
        jwt: {
          issuer: access.issuer,
          audiences: [access.audience],
          keys: { service: 'keys', path: '/keys' },
        },
      },
    },
    routes: [
      {
        prefix: '/policed',
        service: 'policed',
        path: 'strip',
        auth: 'users',
        permissions: [access.permission],
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
