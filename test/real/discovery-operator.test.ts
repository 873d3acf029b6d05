import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import * as z from 'zod/mini'
import { run } from '#cli/program.ts'
import { InstanceView } from '#shared/protocol/api.ts'
import { DiscoveredView } from '#shared/protocol/discovery.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { answers, Program, writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { startOddServer } from '#test/support/start-odd-server.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 20_000

await t.test('what an agent asks about is adopted and ignored by an operator, for good', async (t) => {
  await using folder = await temporaryFolder('discovery')
  const [port = 0, xds = 0] = await freePorts(2)
  const configuration = await writeYaml(join(folder.path, 'plane.yaml'), {
    api: { port },
    journal: { path: join(folder.path, 'heddle.db') },
    routing: { xds: { port: xds } },
  })
  const url = `http://127.0.0.1:${port}`
  await using plane = new Program('plane', 'control-plane/main.ts', configuration, answers(`${url}/health`))
  await plane.start()
  const environment = { ...process.env, HEDDLE_PLANE: url }
  // Within this process it takes less time than as one of its own.
  const heddle = async (...args: readonly string[]) => {
    const { terminal, out, err } = capturedTerminal({ environment })
    const code = await run(args, terminal)
    return { code, stdout: out(), stderr: err() }
  }
  const found = async (...more: readonly string[]) => {
    const { stdout } = await heddle('discovered', '--json', ...more)
    return z.parse(DiscoveredView, JSON.parse(stdout)).found
  }
  const instances = async () => z.parse(z.array(InstanceView), JSON.parse((await heddle('instances', '--json')).stdout))

  await using nameless = await startOddServer({})
  await using known = await startBasicServer({ name: 'crm' })
  const settings = { enabled: true, ports: [nameless.port, known.port], every: '200ms' }
  await using agent = await RunningAgent.start({
    planes: [url],
    more: { discovery: settings, node: { name: '节点一' } },
  })

  const [asked] = await waitFor(() => found(), { what: 'the question', withinMs, until: (all) => all.length === 1 })
  t.match(asked, { state: 'asking', port: nameless.port, node_name: '节点一', contact: 'connected', health: 'passing' })
  t.match((await heddle('discovered')).stdout, /odd-server.*节点一|节点一.*asking/)
  t.equal((await heddle('discovered', '--check')).code, 1)
  t.match((await heddle('status')).stdout, /^Found +1 that nobody declared waits for a decision: heddle discovered$/m)
  t.match(await heddle('explain', String(nameless.port)), {
    code: 4,
    stderr: new RegExp(`found-${nameless.port}-\\S+ is .* waits for a decision: heddle adopt found-`),
  })
  t.match(await heddle('adopt', 'nothing-like-it'), { code: 4, stderr: /heddle discovered --all/ })

  const decision = ['--service', 'billing', '--type', 'money', '--as', 'anna', '--json']
  const adopted = await promisify(execFile)(
    process.execPath,
    [join(projectFolder, 'cli/heddle.ts'), 'adopt', String(nameless.port), ...decision],
    { env: environment },
  )
  const { instance, state } = JSON.parse(adopted.stdout)
  t.match({ instance, state }, { instance: /^billing-[0-9a-f]{8}$/, state: 'adopted' })
  const passing = async () => (await instances()).find(({ id }) => id === instance)?.health
  await waitFor(passing, { what: 'the instance', withinMs, until: (health) => health === 'passing' })

  // Neither a restart of the agent nor one of the plane forgets it.
  await agent.kill()
  await plane.kill()
  await plane.start()
  await agent.start()
  const again = await waitFor(() => found('--all'), { what: 'it again', withinMs, until: (all) => all.length === 2 })
  t.match(
    again.find(({ port }) => port === nameless.port),
    { state: 'adopted', by: 'operator:anna', service: 'billing', type: 'money', instance },
  )
  t.ok((await instances()).some(({ id, health }) => id === instance && health !== 'critical'))

  t.match(await heddle('ignore', instance, '--as', 'anna'), { code: 0, stdout: /is left alone/ })
  await waitFor(instances, {
    what: 'its withdrawal',
    withinMs,
    until: (all) => all.every(({ id }) => id !== instance) && all.some(({ service }) => service === 'crm'),
  })
  await agent.stop()
  await agent.start()
  const ignored = await waitFor(() => found('--all'), {
    what: 'it to be told again',
    withinMs,
    until: (all) => all.some(({ port, state }) => port === nameless.port && state === 'ignored'),
  })
  t.match(
    ignored.find(({ port }) => port === nameless.port),
    { by: 'operator:anna' },
  )
  t.equal((await heddle('discovered', '--check')).code, 0)
})
