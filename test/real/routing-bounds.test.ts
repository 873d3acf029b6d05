import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { answering } from '#test/support/answering.ts'
import { Connections } from '#test/support/connections.ts'
import { portOf } from '#test/support/envoy-files.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { programOf } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000

await t.test('a version through which requests fail is taken back by itself, as Nginx has logged them', async (t) => {
  await using folder = await temporaryFolder('bounds')
  const path = join(folder.path, 'routes.yaml')
  const port = await freePort()
  const declare = (service: string) =>
    writeFile(
      path,
      `gateways:
  side: { proxy: nginx, access_log: ${folder.path}/side.log, listeners: [{ address: 127.0.0.1, port: ${port} }] }
routes: [{ prefix: /web, service: ${service}, path: keep, retries: 0 }]
`,
    )
  const good = portOf(await answering(t, (_, response) => response.end('{"status":"ok"}')))
  // Its health is fine, and yet it fails.
  const bad = portOf(
    await answering(t, ({ url }, response) => response.writeHead(url === '/' ? 200 : 500).end('{"status":"ok"}')),
  )
  await using plane = await RunningPlane.start()
  const gateway = {
    ...{ name: 'side', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
    ...{ proof: `127.0.0.1:${await freePort()}`, reloads_per_minute: 600, retry_every: '100ms' },
    ...(process.getuid?.() === 0 && { user: 'root' }),
  }
  const check = { kind: 'http', path: '/', interval: '500ms' }
  const services = [
    { name: 'good', port: good, checks: [check] },
    { name: 'bad', port: bad, checks: [check] },
  ]
  await using _agent = await RunningAgent.start({ planes: [plane.url], services, more: { gateways: [gateway] } })
  using connections = new Connections()
  const answers = (status: number) =>
    waitFor(() => connections.status(port, '/web'), {
      what: String(status),
      withinMs,
      until: (seen) => seen === status,
    })

  await declare('good')
  t.match(await plane.heddle('apply', path, '--comment', 'good'), { code: 0 })
  await answers(200)

  await declare('bad')
  const way = ['--max-errors', '10', '--wait', '--timeout', '60s']
  const applied = plane.heddle('apply', path, '--comment', 'bad', ...way)
  await answers(500)
  t.match(
    (await plane.heddle('status')).out,
    /Version 2 of \S+ is on its way: stage 1 of 1 \(.+\) for .+, at 1 of 1 gateway: bad\n {2}waits: /,
  )
  await connections.ask(port, '/web', 100)
  const { code, out } = await applied
  t.equal(code, 1, out)
  t.match(out, /Version 2 is halted.*why: \d+(\.\d)?% of \d+ requests failed \(counted at side\); at most 10% may/s)
  await answers(200)
})
