import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { SettingsNodesView } from '#shared/protocol/orders-api.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000
const more = { node: { name: 'web-3', site: 'tencent', machine: 'm-orders' } }

await t.test('settings are taken hot and kept, or refused with the place; the plane shows which run', async (t) => {
  await using folder = await temporaryFolder('settings')
  await using plane = await RunningPlane.start()
  await using server = await startBasicServer({ name: 'crm' })
  const services = [{ name: 'crm', port: server.port, checks: [{ kind: 'http', interval: '1h' }] }]
  await using agent = await RunningAgent.start({ planes: [plane.url], services, more })
  await plane.desired('the agent', ({ settings }) => settings.state === 'done' && settings.running === '')
  const write = async (scope: string, document: unknown) => {
    const file = join(folder.path, 'settings.yaml')
    await writeFile(file, JSON.stringify(document))
    return plane.heddle('settings', 'set', scope, '--file', file, '--comment', 'because')
  }

  const before = (await server.stats()).health
  t.match(await write('site:tencent', { services: { crm: { checks: { interval: '100ms', rise: 1 } } } }), { code: 0 })
  await plane.desired('the first version', ({ settings }) => settings.running === 'site:tencent@1')
  await waitFor(async () => (await server.stats()).health >= before + 5, { what: 'more checks', withinMs })

  t.match(await write('all', { planes: ['http://127.0.0.1:1'], services: { crm: { checks: { fall: 0 } } } }), {
    code: 0,
  })
  const refused = await plane.desired('the refusal', ({ settings }) => settings.state === 'rejected')
  t.match(refused.settings, { running: 'site:tencent@1', version: 'all@1+site:tencent@1' })
  const places = refused.settings.rejected?.problems.map(({ path }) => path).toSorted()
  t.strictSame(places, ['planes', 'services.crm.checks.fall'])
  t.match(await plane.get<SettingsNodesView>('/v1/settings/all/nodes'), {
    counts: { rejected: 1 },
    not_done: [{ node_name: 'web-3', problems: [{ path: String, message: String }] }],
  })
  t.match(await plane.heddle('settings', 'nodes', 'all'), { code: 0, out: /1 rejected(.|\n)*planes: unknown key/ })

  await plane.stop()
  await agent.kill()
  await agent.start()
  t.equal(JSON.parse(await agent.page('/health')).orders.settings.version, 'site:tencent@1')
  await plane.start()
  t.match(await write('all', { logging: { level: 'warn' } }), { code: 0 })
  const level = await plane.desired('the third', ({ settings }) => settings.running === 'all@2+site:tencent@1')
  t.match(level, { settings: { state: 'done', rejected: null }, logging: { level: 'warn', desired: null } })

  t.match(await write('site:tencent', {}), { code: 0 })
  t.match(await plane.heddle('settings', 'rollback', 'site:tencent', '--to', '1', '--comment', 'too slow'), { code: 0 })
  await plane.desired('the rollback', ({ settings }) => settings.running === 'all@2+site:tencent@3')
  t.match(await plane.heddle('settings', 'show', 'site:tencent'), { code: 0, out: /3 .*as in version 1: too slow/ })
  t.match(await plane.heddle('settings', 'list'), { code: 0, out: /all +2 .*because\nsite:tencent +3 / })
})
