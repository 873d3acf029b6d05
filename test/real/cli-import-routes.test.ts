import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { run } from '#cli/program.ts'
import { parseDeclaration } from '#control-plane/routing/declaration/parse.ts'
import { renderNginx } from '#control-plane/routing/nginx/render.ts'
import { fillTable, tableFrames } from '#control-plane/routing/table/build.ts'
import { echo } from '#test/support/alike/echo.ts'
import { Sender } from '#test/support/alike/send.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { nginxConfiguration, startNginx } from '#test/support/nginx.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { plainEndpoint, plainService } from '#test/support/routing/route-tables.ts'

t.setTimeout(120_000)
const skip = missingParts(['nginx']).length > 0 ? 'nginx is not ready on this machine' : false

async function heddle(...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal()
  const code = await run(args, terminal)
  return { code, stdout: out(), stderr: err() }
}

async function serving(t: { teardown(end: () => void): void }, listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A configuration as one finds it, with what can be carried over exactly and what is held back. */
const original = (port: number, users: number, jobs: number) => `
client_max_body_size 2k;
upstream users { least_conn; server 127.0.0.1:${users} max_fails=3 fail_timeout=10s; keepalive 8; }
server {
  listen 127.0.0.1:${port} default_server;
  server_name main.example;
  proxy_set_header Host $host;
  location / { proxy_pass http://127.0.0.1:${jobs}; }
  location /keep/ { proxy_pass http://users; }
  location /strip/ { proxy_pass http://users/; add_header X-Set yes always; }
  location /strip/deeper/ { proxy_pass http://users/d/; }
  location /rewritten { proxy_pass http://users/other; proxy_set_header Host $host; proxy_set_header X-Env "prod"; proxy_set_header X-Gone ""; }
  location /broken/ { rewrite ^/broken/(.*)$ /whole/$1 break; proxy_pass http://users; }
  location = /one { proxy_pass http://users/only; }
  location /gone/ { return 410; }
  location /text { return 200 "said"; }
  location /elsewhere { return 301 https://new.example$request_uri; }
  location /methods/ { if ($request_method = DELETE) { return 405; } proxy_pass http://users; }
  location /closed/ { deny all; }
}
server {
  listen 127.0.0.1:${port};
  server_name other.example *.wild.example;
  location /api/ { proxy_set_header Host $host; proxy_pass http://users/; }
}`

const requests = [
  ...['/', '/x', '/x?q=1', '/keep/a', '/keep/a/', '/keep/a%20b?c=%2F', '/strip/', '/strip/a', '/strip/a/b/?x=1'],
  ...['/strip/deeper/', '/strip/deeper/a', '/rewritten', '/rewritten/a', '/rewritten/a/b?c', '/broken/a/b', '/one'],
  ...['/one?x', '/onex', '/gone/', '/gone/a', '/text', '/elsewhere', '/elsewhere/a?b=c', '/methods/a', '/closed/a'],
  ...['/keep/../strip/a', '/strip//a', '/api/a'],
]

t.test('an imported configuration answers on a real Nginx as it did before', { skip }, async (t) => {
  await using folder = await temporaryFolder('import-nginx')
  const [before = 0, after = 0] = await freePorts(2)
  const users = await serving(t, echo('user-service'))
  const jobs = await serving(t, echo('job-service'))
  const nginx = join(folder.path, 'nginx')
  await mkdir(join(nginx, 'conf.d'), { recursive: true })
  await writeFile(join(nginx, 'nginx.conf'), nginxConfiguration('include conf.d/*.conf;'))
  await writeFile(join(nginx, 'conf.d/site.conf'), original(after, users, jobs))
  const out = join(folder.path, 'heddle')
  const mapping = ['--service', 'users=user-service', '--service', `127.0.0.1:${jobs}=job-service`]
  const shown = await heddle('import', 'nginx', nginx, '--out', out, ...mapping)
  t.match(shown, { code: 0, stdout: /Written to/ }, shown.stdout + shown.stderr)

  const text = await readFile(join(out, 'routes/nginx.yaml'), 'utf8')
  t.match(text, /# conf\.d\/site\.conf:10 location \/strip\/\n/)
  const { declaration, problems } = parseDeclaration([{ file: 'nginx.yaml', text }])
  t.strictSame(problems, [])
  const frame = declaration && tableFrames(declaration).get('edge')
  if (!declaration || !frame) throw new Error('there is no table')
  const ports: Readonly<Record<string, number>> = { 'user-service': users, 'job-service': jobs }
  const table = fillTable(frame, (name) => ({
    ...plainService,
    ...declaration.services.get(name),
    name,
    endpoints: [plainEndpoint(ports[name] ?? 0)],
  }))
  const rendered = renderNginx(table, 1).files.map(({ content }) => content)
  await using _before = await startNginx({ conf: nginxConfiguration(original(before, users, jobs)) })
  await using _after = await startNginx({ conf: nginxConfiguration(rendered.join('\n')) })
  using sender = new Sender()
  for (const host of ['main.example', 'other.example', 'a.wild.example', 'nobody.example']) {
    for (const target of requests) {
      for (const [method, body] of [
        ['GET', ''],
        ['POST', 'x'.repeat(3_000)],
        ['DELETE', ''],
      ] as const) {
        const sent = {
          listener: 0,
          method,
          target,
          headers: [
            ['Host', host],
            ['X-Gone', 'x'],
          ] as const,
          body,
        }
        const [was, is] = await Promise.all([sender.send(sent, before), sender.send(sent, after)])
        // A gateway's own answers have no largest body.
        if (was.status === 413 && is.instance === undefined) continue
        // nginx looks for a file where no location is.
        if (was.status === 405 && is.status === 404 && host !== 'main.example') continue
        const seen = ({ status, location, headers, instance }: typeof was) => ({
          status,
          location,
          set: headers['x-set'],
          service: instance?.service,
          url: instance?.url,
          method: instance?.method,
          env: instance?.headers['x-env'],
          gone: instance?.headers['x-gone'],
          host: instance?.headers.host,
        })
        if (JSON.stringify(seen(was)) !== JSON.stringify(seen(is)))
          t.strictSame(seen(is), seen(was), `${method} ${host}${target}`)
      }
    }
  }
  t.pass('all were sent')
})

t.test('conflicts are listed with their places, and nothing is written', async (t) => {
  await using folder = await temporaryFolder('import-nginx')
  const conf = 'server {\n  location /a/ { return 204; }\n  location /a { return 403; }\n}\nserver {\n'
  await writeFile(join(folder.path, 'nginx.conf'), `http { include sites/*; }`)
  await mkdir(join(folder.path, 'sites'))
  await writeFile(join(folder.path, 'sites/a'), conf)
  const refused = await heddle('import', 'nginx', folder.path, '--out', join(folder.path, 'out'))
  t.match(refused, { code: 1, stdout: /requests to \/a: sites\/a:2 .*; sites\/a:3 / })
  t.match(refused.stdout, /sites\/a:5: this block has no "}"/)
  t.match(refused.stdout, /Nothing is written/)
  t.match(await heddle('import', 'nginx', join(folder.path, 'none')), { code: /[^0]/ })
  t.match(await heddle('import', 'nginx', folder.path, '--service', 'x'), { code: 2 })
})

t.test('a table of routes is imported, by its own words', async (t) => {
  await using folder = await temporaryFolder('import-routes')
  const file = join(folder.path, 'routes.json')
  await writeFile(
    file,
    JSON.stringify([{ name: 'users', path: '/api/users', service: 'user-service', strip_prefix: true, auth: true }]),
  )
  t.match(await heddle('import', 'routes', file), { code: 1, stdout: /who checks tokens is not told/ })
  const who = ['--authenticator', 'zervi=zervi-auth/api/v1/auth/verify', '--admin-permission', 'a:b', '--port', '8081']
  t.match(await heddle('import', 'routes', file, ...who, '--out', folder.path), { code: 0, stdout: /Written to/ })
  const text = await readFile(join(folder.path, 'routes/table.yaml'), 'utf8')
  t.match(parseDeclaration([{ file: 'table.yaml', text }]).problems, [])
  for (const wrong of [
    ['--port', 'x'],
    ['--authenticator', 'x'],
    ['--gateway', 'a b'],
    ['--admin-permission', 'a b'],
  ]) {
    t.match(await heddle('import', 'routes', file, ...wrong), { code: 2 }, wrong.join(' '))
  }
})
