import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { startConsul } from '#test/support/consul.ts'
import { projectFolder } from '#test/support/parts.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// A server's own unit drains it by the agent of its host: ExecStop=heddle-agent drain --wait, ExecStartPost=heddle-agent undrain.
t.setTimeout(180_000)
const withinMs = 30_000

await using consul = await startConsul({ datacenter: 'zervigo-dc' })
await using plane = await RunningPlane.start({
  settings: { mirror: { datacenters: [{ name: 'zervigo-dc', address: consul.url }] } },
})
await using server = await startBasicServer()
const services = [{ name: 'basic-server', port: server.port }]
await using agent = await RunningAgent.start({ planes: [plane.url], services })

type Ended = { readonly code: number; readonly out: string; readonly err: string }

/** Runs a command of the agent's program, as the unit does: without a token, by the configuration alone. */
function command(
  ask: 'drain' | 'undrain',
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const program = [join(projectFolder, 'agent/main.ts'), ask, agent.file, ...args]
  return new Promise((resolve) => {
    execFile(process.execPath, program, { env: { ...process.env, ...env }, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    )
  })
}

/** What the plane says of the one instance. */
async function told() {
  const [first] = (await (await fetch(`${plane.url}/v1/instances`)).json()) as {
    id: string
    admission: { state: string; reason: string; by: string; until?: string | null }
    routable: boolean | { routable: boolean }
  }[]
  return first
}

/** What Consul's clients see. */
async function passing(): Promise<number> {
  return (await consul.request<readonly object[]>('GET', '/v1/health/service/basic-server?passing')).length
}

const basic = ['--service', 'basic-server']
await waitFor(passing, { what: 'the instance in Consul', withinMs, until: (count) => count === 1 })
const id = (await told())?.id ?? ''

await t.test('a drain that is waited for has reached every sink when it returns, and says who and why', async (t) => {
  const drained = await command('drain', [...basic, '--wait', '--for', '1h', '--reason', 'deploy 7'])
  t.match(drained, { code: 0, out: `${id}: drained\n` })
  t.equal(await passing(), 0, 'no client is led there any more')
  const node = JSON.parse(await agent.page('/health')).node
  const instance = await told()
  t.match(JSON.stringify(instance), /"draining"/)
  t.match(JSON.stringify(instance), new RegExp(`agent:${node}`))
  t.match(JSON.stringify(instance), /deploy 7/)
})

await t.test(
  'it outlives a restart of the agent and of the plane, and is taken back when the server is well',
  async (t) => {
    await agent.stop()
    await agent.start()
    await plane.stop()
    await plane.start()
    await waitFor(async () => JSON.stringify(await told().catch(() => '')), {
      what: 'the plane',
      withinMs,
      until: (text) => text.includes('draining'),
    })
    await server.stop()
    await waitFor(async () => agent.page('/health'), {
      what: 'the server to be missed',
      withinMs,
      until: (page) => page.includes('"critical"'),
    })
    const undrained = command('undrain', [...basic, '--wait', '--timeout', '60s'])
    await pause(1_500)
    t.match(JSON.stringify(await told()), /"draining"/, 'not before it is well')
    await server.start()
    t.match(await undrained, { code: 0, out: `${id}: back in service\n`, err: /waits until .* is well/ })
    t.equal(await passing(), 1)
  },
)

await t.test('a drain that nobody takes back ends by itself', async (t) => {
  t.match(await command('drain', [...basic, '--wait', '--for', '2s']), { code: 0 })
  await waitFor(passing, { what: 'its end', withinMs, until: (count) => count === 1 })
  t.match(JSON.stringify(await told()), /"active"/)
})

await t.test("an operator's order stays as it is", async (t) => {
  await plane.heddle('maintenance', id, '--reason', 'new disk', '--as', 'anna')
  await waitFor(passing, { what: 'maintenance', withinMs, until: (count) => count === 0 })
  t.match(await command('drain', basic), { code: 0, out: /stays as operator:anna has ordered/ })
  t.match(await command('undrain', [...basic, '--now']), { code: 0, out: /stays as operator:anna has ordered/ })
  t.match(JSON.stringify(await told()), /maintenance/)
  await plane.heddle('undrain', id, '--reason', 'done', '--as', 'anna')
  await waitFor(passing, { what: 'the end of it', withinMs, until: (count) => count === 1 })
})

await t.test('what is wrong is said, and a server that died needs no drain', async (t) => {
  t.match(await command('drain', ['--service', 'other']), { code: 1, err: /looks after nothing that is called other/ })
  t.match(await command('drain', []), { code: 3, err: /--service/ })
  t.match(await command('drain', [...basic, '--for', '48h']), { code: 3, err: /1s to 24h/ })
  t.match(await command('drain', [...basic, '--now']), { code: 3 })
  t.match(await command('drain', basic, { SERVICE_RESULT: 'signal' }), { code: 0, out: /nothing to drain/ })
  t.equal(await passing(), 1)
})

await t.test('the socket is of the agent alone, and bears nonsense', async (t) => {
  const path = join(agent.stateDir, 'control.sock')
  t.equal((await stat(path)).mode & 0o777, 0o600)
  for (const text of [
    '{}\n',
    'nonsense\n',
    '[]\n',
    `${'x'.repeat(10_000)}`,
    '{"ask":"drain","of":["../x"],"reason":"","forMs":1e12,"wait":false,"healthy":false}\n',
  ]) {
    const answer = await new Promise<string>((resolve) => {
      let all = ''
      const socket = createConnection({ path, allowHalfOpen: true })
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        all += chunk
      })
      socket.on('error', () => resolve('{"ok":false}'))
      socket.on('end', () => {
        socket.destroy()
        resolve(all)
      })
      socket.write(text)
    })
    t.match(JSON.parse(answer), { ok: false }, text.slice(0, 40))
  }
  t.match(await agent.page('/health'), /"healthy"/)
})

await t.test('while no plane hears the agent it is given up in time, and never told later', async (t) => {
  await plane.stop()
  const began = performance.now()
  t.match(await command('drain', [...basic, '--timeout', '2s']), { code: 1, err: /DRAIN_FAILED/ })
  t.ok(performance.now() - began < 20_000)
  await plane.start()
  await waitFor(async () => JSON.parse(await agent.page('/health')).session.state, {
    what: 'the session',
    withinMs,
    until: (state) => state === 'connected',
  })
  t.match(JSON.stringify(await told()), /"active"/)
})
