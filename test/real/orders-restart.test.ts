import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { RestartView } from '#shared/protocol/orders-api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
await using folder = await temporaryFolder('restarts')
const ran = join(folder.path, 'ran')
const shell = (text: string) => ['/bin/sh', '-c', text, 'sh', ran]
const systemctl = join(folder.path, 'systemctl')
await writeFile(systemctl, '#!/bin/sh\necho "$@"\n')
await chmod(systemctl, 0o755)
const orders = {
  systemctl,
  restart: [
    { name: 'crm', command: shell('echo crm >> "$1"; echo stopped; echo "started 启动" >&2') },
    { name: 'sick', command: shell('echo sick >> "$1"; echo no such thing; exit 3') },
    { name: 'stuck', command: shell('echo stuck >> "$1"; sleep 300 & wait'), timeout: '300ms' },
    { name: 'long', command: shell('echo long >> "$1"; sleep 300') },
    { name: 'server', command: shell('(sleep 1; echo served >> "$1") & echo server >> "$1"') },
    { name: 'unit', unit: 'crm@1.service' },
  ],
}
const more = { node: { name: 'web-3', machine: 'm-restart' }, orders }

await using plane = await RunningPlane.start()
await using agent = await RunningAgent.start({ planes: [plane.url], more })

const desired = plane.desired.bind(plane)

async function restart(name: string, ...options: readonly string[]) {
  const { code, out } = await plane.heddle('restart', 'web-3', name, '--reason', 'why', '--json', ...options)
  return { code, view: JSON.parse(out) as RestartView }
}

async function runs(name: string): Promise<number> {
  const text = await readFile(ran, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line === name).length
}

const first = await desired('what the host allows', ({ restarts }) => restarts.allowed !== null)

await t.test('the plane shows what a host allows', async (t) => {
  t.strictSame(first.restarts.allowed, ['crm', 'sick', 'stuck', 'long', 'server', 'unit'])
})

for (const { name, code, is } of [
  { name: 'crm', code: 0, is: { state: 'done', code: 0, output: /^stopped\nstarted 启动$/, by: 'operator:anna' } },
  { name: 'sick', code: 1, is: { state: 'failed', code: 3, output: 'no such thing' } },
  { name: 'stuck', code: 1, is: { state: 'timed-out', code: null, why: /by force/ } },
  { name: 'rm', code: 5, is: { state: 'refused', code: null, why: 'this host does not allow to restart rm' } },
]) {
  await t.test(`a restart of ${name} ends with ${code} and what became of it`, async (t) => {
    t.match(await restart(name, '--wait', '--timeout', '20s'), { code, view: is })
    t.equal(await runs(name), name === 'rm' ? 0 : 1)
  })
}

await t.test('a unit is restarted by systemctl', async (t) => {
  const { code, view } = await restart('unit', '--wait', '--timeout', '20s')
  t.match({ code, view }, { code: 0, view: { state: 'done', output: 'restart crm@1.service' } })
})

await t.test('what a restart leaves running lives on', async (t) => {
  t.match(await restart('server', '--wait', '--timeout', '20s'), { code: 0, view: { state: 'done' } })
  await waitFor(async () => (await runs('served')) === 1, { what: 'the server that was started', withinMs })
})

await t.test('an order that waits for its agent is told to people, and run when it comes', async (t) => {
  await agent.stop()
  t.match(await restart('crm', '--wait', '--timeout', '300ms'), { code: 6, view: { state: 'open' } })
  await plane.kill()
  await plane.start()
  await agent.start()
  await desired('its end', ({ restarts }) => restarts.orders.every(({ state }) => state !== 'open'))
  t.equal(await runs('crm'), 2)
})

await t.test('an agent that is killed while it runs one never runs it again', async (t) => {
  const { view } = await restart('long')
  await waitFor(async () => (await runs('long')) === 1, { what: 'its begin', withinMs })
  await agent.kill()
  await agent.start()
  const after = await desired('its answer', ({ restarts }) => restarts.orders.every(({ state }) => state !== 'open'))
  t.match(
    after.restarts.orders.find(({ id }) => id === view.id),
    { state: 'interrupted', why: /the agent ended/ },
  )
  t.match(await restart('crm', '--wait', '--timeout', '20s'), { code: 0 })
  t.equal(await runs('long'), 1)
  t.match((await plane.heddle('events')).out, new RegExp(`restart-ended .* ${view.id} interrupted.*\\(agent:n-`))
})

await t.test('a restart that nobody began in time is not begun any more', async (t) => {
  await agent.stop()
  const before = await runs('crm')
  const { view } = await restart('crm', '--for', '1s')
  await waitFor(() => Date.now() > Date.parse(view.expires_at), { what: 'its expiry', withinMs })
  await agent.start()
  const after = await desired('its answer', ({ restarts }) => restarts.orders.every(({ state }) => state !== 'open'))
  t.match(after.restarts.orders.at(-1), { id: view.id, state: 'refused', why: 'it expired before it was begun' })
  t.equal(await runs('crm'), before)
  t.match(await plane.heddle('desired', 'web-3'), {
    code: 0,
    out: /restart r-\w+ of crm on n-\w+: refused: it expired/,
  })
})
