import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ConsulServer, startConsul } from '#test/support/consul.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { programOf } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { type BasicServer, startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'
import { lastAttemptMs, nginxAttempts } from './attempts.ts'
import { now } from './deaths.ts'

/** The neighbour's way of the same job: Consul's own agent checks each second, consul-template writes Nginx's upstream and reloads it. */
export type Neighbour = AsyncDisposable & {
  readonly url: string
  readonly kill: (round: number) => Promise<void>
  /** Resolves when all are back. */
  readonly settled: () => Promise<void>
  /** What each death took in milliseconds: until Consul said critical, until the last attempt of Nginx on the dead one. */
  readonly times: () => Promise<{ readonly consul: readonly number[]; readonly nginx: readonly number[] }>
}

const service = 'neighbour'
const template = `upstream ${service} {
{{ range service "${service}" }}  server {{ .Address }}:{{ .Port }} max_fails=0;
{{ else }}  server 127.0.0.1:1;
{{ end }}}
`
const logFormat = `log_format attempts escape=json '{"at_s":"$msec","address":"$upstream_addr","upstream_s":"$upstream_response_time"}';`

export async function startNeighbour(folder: string, count: number): Promise<Neighbour> {
  await using stack = new AsyncDisposableStack()
  const consul = stack.use(await startConsul({ datacenter: 'neighbour' }))
  const servers = await Promise.all(
    Array.from({ length: count }, (_, index) => startBasicServer({ name: service, instance: `${service}-${index}` })),
  )
  for (const server of servers) {
    stack.use(server)
    await register(consul, server)
  }
  const prefix = join(folder, 'neighbour')
  await mkdir(prefix, { recursive: true })
  const port = await freePort()
  await writeFile(join(prefix, 'upstream.conf'), `upstream ${service} { server 127.0.0.1:1; }\n`)
  const nginx = stack.use(await startNginx({ prefix, conf: mainFile(port) }))
  await writeFile(join(prefix, 'upstream.ctmpl'), template)
  stack.use(
    await spawnProcess(programOf('consul-template'), [
      '-consul-addr',
      `127.0.0.1:${consul.port}`,
      '-template',
      `${join(prefix, 'upstream.ctmpl')}:${join(prefix, 'upstream.conf')}:kill -HUP ${nginx.pid}`,
    ]),
  )
  for (const server of servers) await waitForHealth(consul, server, 'passing')
  const deaths: { readonly port: number; readonly at: number; readonly critical: number; readonly until: number }[] = []
  const back = new Map<BasicServer, Promise<void>>()
  const running = stack.move()
  return {
    url: `http://127.0.0.1:${port}/hello`,
    kill: async (round) => {
      const server = servers[round % servers.length]
      if (!server) throw new Error('there are no servers')
      await back.get(server)
      const critical = criticalAt(consul, server)
      const at = now()
      await server.kill()
      const seenAt = await critical
      // Nginx follows within a moment; what it still tries in that time counts.
      await waitFor(async () => !(await readFile(join(prefix, 'upstream.conf'), 'utf8')).includes(`:${server.port} `), {
        what: 'the template without it',
        withinMs: 20_000,
      })
      const until = now() + 300
      await waitFor(() => now() >= until, { what: 'the reload', withinMs: 1_000 })
      deaths.push({ port: server.port, at, critical: seenAt, until })
      await server.start()
      const isBack = waitForHealth(consul, server, 'passing')
      isBack.catch(() => {})
      back.set(server, isBack)
    },
    settled: async () => {
      await Promise.all(back.values())
    },
    times: async () => {
      const attempts = nginxAttempts(await readFile(join(prefix, 'attempts.log'), 'utf8'))
      return {
        consul: deaths.map(({ at, critical }) => critical - at),
        nginx: deaths.map(({ port: dead, at, until }) => lastAttemptMs(attempts, dead, at, until)),
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function mainFile(port: number): string {
  return nginxConfiguration(`
  ${logFormat}
  include upstream.conf;
  server {
    listen 127.0.0.1:${port};
    access_log attempts.log attempts;
    location / {
      proxy_pass http://${service};
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 2;
    }
  }`)
}

async function register(consul: ConsulServer, { instance, port, url }: BasicServer): Promise<void> {
  await consul.request('PUT', '/v1/agent/service/register', {
    Name: service,
    ID: instance,
    Address: '127.0.0.1',
    Port: port,
    // The fastest that Consul's agent offers.
    Check: { HTTP: `${url}/health`, Interval: '1s', Timeout: '1s', Status: 'passing' },
  })
}

type Row = { readonly ServiceID: string; readonly Status: string }

async function waitForHealth(consul: ConsulServer, { instance }: BasicServer, status: string): Promise<void> {
  await waitFor(() => consul.request<readonly Row[]>('GET', `/v1/health/checks/${service}`), {
    what: `${instance} ${status}`,
    withinMs: 30_000,
    everyMs: 250,
    until: (rows) => rows.some((row) => row.ServiceID === instance && row.Status === status),
  })
}

/** Resolves with the moment at which the neighbour's Consul says critical, as a blocking query tells it. */
async function criticalAt(consul: ConsulServer, { instance }: BasicServer): Promise<number> {
  const stop = AbortSignal.timeout(60_000)
  for (let index = '0'; ; ) {
    const response = await fetch(`${consul.url}/v1/health/checks/${service}?index=${index}&wait=30s`, { signal: stop })
    const seenAt = now()
    index = response.headers.get('x-consul-index') ?? '0'
    const rows: readonly Row[] = JSON.parse(await response.text())
    if (rows.some((row) => row.ServiceID === instance && row.Status === 'critical')) return seenAt
  }
}
