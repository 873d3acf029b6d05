import t from 'tap'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const more = { node: { name: 'web-3', site: 'tencent', machine: 'm-orders' } }

async function health(agent: RunningAgent, what: string, until: (page: Health) => boolean): Promise<Health> {
  return waitFor(async () => JSON.parse(await agent.page('/health')) as Health, { what, withinMs, until, everyMs: 50 })
}

type Health = {
  readonly session: { readonly state: string }
  readonly orders: {
    readonly logging: { readonly level: string; readonly by?: string; readonly until?: string }
    readonly settings: { readonly version: string }
  }
  readonly instances: readonly { readonly id: string; readonly admission?: object }[]
}

await t.test('a log level outlives restarts of both sides, and ends by a word or by its time', async (t) => {
  await using plane = await RunningPlane.start()
  await using agent = await RunningAgent.start({ planes: [plane.url], more })
  await plane.desired('the agent', ({ logging }) => logging.state === 'done' && logging.level === 'info')
  t.match(await plane.heddle('log-level', 'web-3', 'debug', '--for', '1h', '--reason', '查找'), {
    code: 0,
    out: /debug/,
  })
  const view = await plane.desired('the level', ({ logging }) => logging.state === 'done')
  t.match(view.logging, {
    level: 'debug',
    desired: { level: 'debug', reason: '查找', by: 'operator:anna', expires_at: String },
  })
  await plane.stop()
  await agent.kill()
  await agent.start()
  t.match((await health(agent, 'the agent alone', () => true)).orders.logging, { level: 'debug', by: 'operator:anna' })
  await plane.start()
  await plane.desired('the level again', ({ logging }) => logging.state === 'done' && logging.level === 'debug')
  t.match(await plane.heddle('desired', 'web-3'), { code: 0, out: /log level +done +debug until .*查找/ })
  t.match(await plane.heddle('log-level', 'web-3', 'default'), { code: 0 })
  await plane.desired('the end', ({ logging }) => logging.state === 'done' && logging.level === 'info')
  t.match(await plane.heddle('log-level', 'web-3', 'trace', '--for', '1s'), { code: 0 })
  const expired = await plane.desired('its expiry', ({ logging: { state, desired, level } }) => {
    return state === 'done' && desired === null && level === 'info'
  })
  t.match(expired.logging, { desired: null })
  t.match((await plane.heddle('events')).out, /log-level-ordered .* debug until .*: 查找 .*\(operator:anna\)/)
})

await t.test('the agent shows maintenance with its end; a goodbye is shown where the node is', async (t) => {
  await using plane = await RunningPlane.start()
  await using server = await startBasicServer({ name: 'crm' })
  const services = [{ name: 'crm', port: server.port, checks: [{ kind: 'http', interval: '200ms' }] }]
  await using agent = await RunningAgent.start({ planes: [plane.url], services, more })
  const id = await waitFor(async () => (await plane.get<{ id: string }[]>('/v1/instances'))[0]?.id, {
    what: 'the instance',
    withinMs,
  })
  t.match(await plane.heddle('maintenance', 'web-3', '--reason', 'kernel', '--for', '1h'), { code: 0 })
  const shown = await health(agent, 'maintenance', ({ instances }) => instances[0]?.admission !== undefined)
  t.match(shown.instances, [
    { id, admission: { admission: 'maintenance', reason: 'kernel', by: 'operator:anna', until: String } },
  ])
  const view = await plane.desired('the word of the agent', ({ admissions }) => admissions.state === 'done')
  t.match(view.admissions.desired, [{ instance: id, admission: 'maintenance', by: 'operator:anna' }])
  await agent.stop()
  await waitFor(async () => (await plane.heddle('nodes')).out, {
    what: 'the goodbye',
    withinMs,
    until: (out) => /suspect, said goodbye/.test(out),
  })
  await agent.start()
  await waitFor(async () => (await plane.heddle('nodes')).out, {
    what: 'its return',
    withinMs,
    until: (out) => /connected/.test(out) && !/goodbye/.test(out),
  })
})
