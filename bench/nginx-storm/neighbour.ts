import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startConsul } from '#test/support/consul.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { programOf } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { spawnProcess } from '#test/support/process.ts'
import { waitFor } from '#test/support/wait.ts'
import { growing, type StormEvent, shrinking } from './events.ts'
import type { HeddleSystem } from './heddle.ts'

const upstream = (service: string) => `upstream ${service} {
{{ range service "${service}" }}  server {{ .Address }}:{{ .Port }} max_fails=0;
{{ else }}  server 127.0.0.1:1;
{{ end }}}
`
const logFormat = `log_format attempts escape=json '{"at_s":"$msec","address":"$upstream_addr","upstream_s":"$upstream_response_time"}';`

/** The neighbour's way of the same: instances register with Consul, consul-template writes Nginx's upstreams and reloads it. */
export async function startNeighbour(
  folder: string,
  ports: readonly number[],
  growingPorts: readonly number[],
): Promise<HeddleSystem> {
  await using stack = new AsyncDisposableStack()
  const consul = stack.use(await startConsul({ datacenter: 'neighbour' }))
  const put = (path: string, body?: object) => consul.request('PUT', path, body).then(() => {})
  const register = (service: string, index: number, port: number, tags: readonly string[] = []) =>
    put('/v1/agent/service/register', {
      Name: service,
      ID: `${service}-${index}`,
      Address: '127.0.0.1',
      Port: port,
      Tags: tags,
      Check: { TTL: '600s', Status: 'passing' },
    })
  for (const [index, port] of ports.entries()) await register(shrinking, index, port)
  const prefix = join(folder, 'neighbour')
  await mkdir(prefix, { recursive: true })
  const port = await freePort()
  const file = join(prefix, 'upstreams.conf')
  const none = (service: string) => `upstream ${service} { server 127.0.0.1:1; }\n`
  await writeFile(file, none(shrinking) + none(growing))
  const nginx = stack.use(await startNginx({ prefix, conf: mainFile(port) }))
  await writeFile(join(prefix, 'upstreams.ctmpl'), upstream(shrinking) + upstream(growing))
  stack.use(
    await spawnProcess(programOf('consul-template'), [
      '-consul-addr',
      `127.0.0.1:${consul.port}`,
      '-template',
      `${join(prefix, 'upstreams.ctmpl')}:${file}:kill -HUP ${nginx.pid}`,
    ]),
  )
  await waitFor(() => readFile(file, 'utf8'), {
    what: 'the first upstreams',
    withinMs: 30_000,
    until: (text) => ports.every((each) => text.includes(`:${each} `)),
  })
  const tell = async ({ kind, index }: StormEvent) => {
    const id = `${shrinking}-${index}`
    switch (kind) {
      case 'add':
        return register(growing, index, growingPorts[index] ?? 0)
      case 'remove':
        return put(`/v1/agent/service/deregister/${id}`)
      case 'tag':
        return register(shrinking, index, ports[index] ?? 0, [`t-${performance.now()}`])
      // It has no metrics, and its warnings are as good as critical to consul-template: what changes is what the check says.
      case 'metric':
      case 'heartbeat':
      case 'judgement':
        return put(`/v1/agent/check/pass/service:${id}?note=${performance.now()}`)
    }
  }
  const log = join(prefix, 'error.log')
  const running = stack.move()
  return {
    url: `http://127.0.0.1:${port}/x`,
    accessLog: join(prefix, 'attempts.log'),
    tell,
    reloads: async () => (await readFile(log, 'utf8')).split('reconfiguring').length - 1,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

function mainFile(port: number): string {
  return nginxConfiguration(`
  ${logFormat}
  include upstreams.conf;
  server {
    listen 127.0.0.1:${port};
    access_log attempts.log attempts;
    location /grows { proxy_pass http://${growing}; }
    location / {
      proxy_pass http://${shrinking};
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 2;
    }
  }`).replace('error_log stderr', 'error_log error.log')
}
