import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { run } from '#cli/program.ts'
import { ChangeView } from '#shared/protocol/change-api.ts'
import {
  DesiredView,
  RestartView,
  SettingsListView,
  SettingsNodesView,
  SettingsVersionView,
  SettingsView,
} from '#shared/protocol/orders-api.ts'
import { apiPlane } from '#test/support/api-plane.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'

const node = {
  id: 'n-aaaaaaaaaaaa',
  name: '北京一号',
  machine: 'm1',
  incarnation: 1,
  address: '127.0.0.1',
  site: 'tencent',
  cluster: '',
  version: '0.1.0',
  gateways: [],
}

await using folder = await temporaryFolder('cli-orders')
const plane = await apiPlane(t, [{ kind: 'node-joined', node }])
const good = join(folder.path, 'good.yaml')
const list = join(folder.path, 'list.yaml')
const broken = join(folder.path, 'broken.yaml')
await writeFile(good, 'logging:\n  level: debug\n')
await writeFile(list, '- 1\n')
await writeFile(broken, 'a: [')

async function heddle(...args: readonly string[]) {
  const { terminal, out, err } = capturedTerminal({ environment: { HEDDLE_PLANE: plane.address } })
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}

for (const { args, code = 0, out = /^$/, err = /^$/ } of [
  { args: ['desired', '北京一号'], out: /log level +unknown +as its own configuration says/ },
  { args: ['settings', 'list'], out: /No settings are held/ },
  { args: ['settings', 'show', 'all'], code: 4, err: /No settings are held for all/ },
  { args: ['settings', 'set', 'all', '--file', good, '--comment', '首次'], out: /new version as of revision 2/ },
  { args: ['settings', 'set', 'all', '--file', good], out: /Nothing changed/ },
  { args: ['settings', 'set', 'all', '--file', list], code: 1, err: /holds no keys/ },
  { args: ['settings', 'set', 'all', '--file', broken], code: 1, err: /CONFIG_INVALID/ },
  { args: ['settings', 'set', 'all', '--file', join(folder.path, 'none')], code: 1, err: /CONFIG_UNREADABLE/ },
  { args: ['settings', 'set', 'nobody', '--file', good], code: 2, err: /scope/ },
  { args: ['settings', 'list'], out: /all +1 .*首次/ },
  { args: ['settings', 'show', 'all'], out: /1 .*首次\n\n\{\n {2}"logging"/ },
  {
    args: ['settings', 'nodes', 'all'],
    out: /1 unknown\nn-aaaaaaaaaaaa 北京一号: unknown, should run all@1, runs none/,
  },
  { args: ['settings', 'nodes', 'site:other'], out: /No agent is in this scope/ },
  { args: ['settings', 'rollback', 'all', '--to', '9'], code: 4, err: /no version 9/ },
  { args: ['log-level', 'n-aaa', 'debug', '--for', '10m', '--reason', 'why'], out: /logs at debug as of revision/ },
  { args: ['log-level', 'n-aaa', 'loud'], code: 2, err: /Allowed choices/ },
  { args: ['log-level', 'nobody', 'debug'], code: 4, err: /nobody/ },
  { args: ['log-level', 'n-aaa', 'default'], out: /as its own configuration says as of/ },
  { args: ['log-level', 'n-aaa', 'default'], out: /Nothing changed/ },
  { args: ['restart', 'n-aaa', 'crm'], code: 2, err: /--reason/ },
  { args: ['restart', 'n-aaa', 'crm', '--reason', 'x'], out: /restart r-\w{16} of crm on n-aaaaaaaaaaaa: open until/ },
  { args: ['restart', 'n-aaa', 'crm', '--reason', 'x', '--wait', '--timeout', '500ms'], code: 6, out: /: open until/ },
  { args: ['events', '--limit', '1'], out: /restart-ordered .*crm \(r-\w+\) until .*: x/ },
]) {
  await t.test(`heddle ${args.join(' ').replaceAll(folder.path, '')} ends with ${code}`, async (t) => {
    t.match(await heddle(...args), { code, out, err })
  })
}

for (const { args, schema } of [
  { args: ['desired', 'n-aaa'], schema: DesiredView },
  { args: ['settings', 'list'], schema: SettingsListView },
  { args: ['settings', 'show', 'all'], schema: SettingsView },
  { args: ['settings', 'show', 'all', '--version-number', '1'], schema: SettingsVersionView },
  { args: ['settings', 'nodes', 'all'], schema: SettingsNodesView },
  { args: ['settings', 'rollback', 'all', '--to', '1'], schema: ChangeView },
  { args: ['log-level', 'n-aaa', 'warn'], schema: ChangeView },
  { args: ['restart', 'n-aaa', 'crm', '--reason', 'x'], schema: RestartView },
]) {
  await t.test(`heddle ${args.join(' ')} --json prints what the API answers, and nothing else`, async (t) => {
    const { code, out } = await heddle(...args, '--json')
    t.equal(code, 0)
    const value: unknown = JSON.parse(out)
    t.strictSame(z.parse(schema, value), value)
  })
}

await t.test('what an agent cannot do is shown with its place, and what it refused is counted', async (t) => {
  const problems = [{ path: 'logging.level', message: 'expected "trace"' }]
  plane.said.takes.set(node.id, ['admissions', 'logging', 'settings', 'restarts'])
  plane.said.doings.heard(
    node.id,
    {
      type: 'doing',
      logging: { level: 'warn', ordered: true },
      settings: { version: '', rejected: { version: 'all@1', problems } },
      restarts: { allowed: ['crm', 'cache'], running: 'crm' },
      admissions: {},
      probesRefused: { address: 3 },
    },
    Date.now(),
  )
  const { out } = await heddle('desired', node.id)
  t.match(out, /log level +done +warn \(operator:anna\) +warn/)
  t.match(out, /settings +rejected +all@1 +none/)
  t.match(out, /restarts +pending +allowed: crm, cache +crm/)
  t.match(out, 'settings all@1 rejected: logging.level: expected "trace"')
  t.match(out, 'probes refused: 3 for their address')
})
