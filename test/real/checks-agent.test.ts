import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { AgentClient, helloOf, nodeId, specOf } from '#test/support/agents/agent-client.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { startAgentsPlane } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { Peer } from '#test/support/peer.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

const within = { withinMs: 20_000 }
const often = { interval: '200ms', recheck: '200ms', timeout: '5s', rise: 1, fall: 1 }

await t.test(
  'processes, commands and servers of other protocols are checked, and their last results kept',
  async (t) => {
    await using folder = await temporaryFolder('checks')
    await using plane = await AgentRecorder.start()
    await using server = await startBasicServer()
    const says = { redis: '+PONG\r\n' }
    await using redis = await Peer.start((socket) => socket.on('data', () => socket.write(says.redis)))
    const script = join(folder.path, 'check')
    const state = join(folder.path, 'state')
    await writeFile(script, `#!/bin/sh\nread code <${state}\necho "code $code for $1"\nexit $code\n`)
    await chmod(script, 0o755)
    const setState = async (code: number) => {
      await writeFile(`${state}.new`, `${code}\n`)
      await rename(`${state}.new`, state)
    }
    await setState(0)
    await using agent = await RunningAgent.start({
      planes: [plane.url],
      services: [
        {
          name: 'crm',
          port: server.port,
          checks: [
            { kind: 'process', ...often },
            { kind: 'command', command: 'state', ...often },
          ],
        },
        { name: 'cache', type: 'redis', port: redis.port, checks: [{ kind: 'redis', ...often }] },
      ],
      more: { commands: { state: { run: [script, '$HOME'] } } },
    })
    const of = (service: string) => ({
      id:
        plane
          .all('report')
          .flatMap(({ message }) => message.instances ?? [])
          .find(({ spec }) => spec?.service === service)?.id ?? '',
    })
    await plane.until(() => of('crm').id && of('cache').id, { what: 'both', ...within })
    await plane.verdict('passing ok', { ...of('crm'), ...within })
    await plane.verdict('passing ok', { ...of('cache'), ...within })

    await t.test('what looks at the host is told to nobody', async (t) => {
      const specs = plane.all('report').flatMap(({ message }) => message.instances ?? [])
      const kinds = (service: string) =>
        specs.find(({ spec }) => spec?.service === service)?.spec?.checks.map(({ kind }: ProbeSpec) => kind)
      t.strictSame(kinds('crm'), [])
      t.strictSame(kinds('cache'), ['redis'])
      t.notMatch(JSON.stringify(plane.heard), script)
      t.match(plane.all('hello')[0]?.message.probes, ['http', 'tcp', 'grpc'])
    })

    await t.test('a command warns and fails by its exit code', async (t) => {
      await setState(1)
      const { at } = await plane.verdict('warning exit_status status=1', { ...of('crm'), ...within })
      await setState(2)
      await plane.verdict('critical exit_status status=2', { from: at, ...of('crm'), ...within })
      const page = JSON.parse(await agent.page('/health'))
      const crm = page.instances.find(({ service }: { service: string }) => service === 'crm')
      t.match(crm.checks[1].results[0], {
        health: 'critical',
        reason: 'exit_status status=2',
        said: 'code # for $HOME',
      })
      t.ok(crm.checks[1].results.length <= 20)
      const text = await (await fetch(`${agent.adminUrl}/checks`)).text()
      t.match(text, /critical exit_status status=2 "code # for \$HOME"/)
      await setState(0)
      await plane.verdict('passing ok', { from: at, ...of('crm'), ...within })
    })

    await t.test('a server of another protocol says what it lacks', async (t) => {
      const from = performance.now()
      says.redis = '-LOADING Redis is loading the dataset in memory\r\n'
      await plane.verdict('warning server_error code=LOADING', { from, ...of('cache'), ...within })
      says.redis = '-NOAUTH Authentication required.\r\n'
      await plane.verdict('passing needs_login', { from, ...of('cache'), ...within })
      t.pass()
    })

    await t.test('a process that is gone is told', async (t) => {
      const from = performance.now()
      await server.kill()
      await plane.verdict('critical not_running what=listener on port', { from, ...of('crm'), ...within })
      t.pass()
    })

    await t.test(
      'nothing that a plane sends makes it run a command, and a kind it does not know harms nothing',
      async (t) => {
        await rm(state)
        const proof = join(folder.path, 'proof')
        const target = { address: '127.0.0.1', port: redis.port, timeoutMs: 1_000 }
        const probes = {
          a: { kind: 'command', command: 'state', run: ['/bin/touch', proof], ...target },
          b: { kind: 'process', name: 'sh', ...target },
          c: { kind: 'of-a-later-version', ...target },
          d: { kind: 'redis', ...target },
        } as unknown as Record<string, ProbeSpec>
        const sessions = plane.sessions
        plane.want({ probes })
        await plane.until(() => plane.all('probed').length, { what: 'the answer', ...within })
        plane.want({ probes: { e: { kind: 'tcp', ...target } } })
        await plane.until(() => plane.all('probed').some(({ message }) => message.id === 'e'), {
          what: 'a later answer',
          ...within,
        })
        t.strictSame(
          plane.all('probed').map(({ message }) => message.id),
          ['d', 'e'],
        )
        t.equal(plane.sessions, sessions, 'the session goes on')
        await t.rejects(rm(proof), 'nothing was run')
      },
    )
  },
)

await t.test('a service that flaps is held, and its death is told at once all the same', async (t) => {
  await using plane = await AgentRecorder.start()
  await using server = await startBasicServer()
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    services: [
      {
        name: 'basic-server',
        port: server.port,
        checks: [{ kind: 'http', ...often }],
        flapping: { hold_above: 2, release_below: 1.9, half_life: '8s', at_most: '30s' },
      },
    ],
  })
  await plane.verdict('passing ok', within)
  for (let round = 0, from = 0; round < 10; round += 1) {
    await server.switch({ mode: 'warning' })
    const { at, says } = await plane.verdict('warning', { from, ...within })
    if (says.includes('flapping')) break
    await server.switch({ mode: 'ok' })
    from = (await plane.verdict('', { from: at + 0.001, ...within })).at
  }
  const held = await plane.verdict('warning flapping word=', within)
  const page = JSON.parse(await agent.page('/health'))
  t.match(page.instances[0].flapping, { held_for_ms: Number })
  await server.kill()
  await plane.verdict('critical', { from: held.at, ...within })
  await server.start()
  await plane.verdict('passing ok', { from: held.at, withinMs: 40_000 })
})

await t.test(
  'a plane takes what an agent of a later version says, and asks an older one only what it knows',
  async (t) => {
    await using plane = await startAgentsPlane()
    const later = {
      kind: 'of-a-later-version',
      address: '10.0.0.1',
      port: 25,
      timeoutMs: 1_000,
    } as unknown as ProbeSpec
    await using agent = await AgentClient.attached(plane.url, helloOf({ node: nodeId(1) }))
    const spec = { ...specOf({ id: 'mail', port: 25 }), checks: [later] }
    await agent.reported([{ id: 'mail', spec, health: 'passing', reason: { code: 'ok' }, ageMs: 0 }], { whole: true })
    t.equal(agent.closed, undefined)

    const redis = { kind: 'redis', address: '10.0.0.1', port: 6379, timeoutMs: 100 } as const
    t.equal(await plane.sessions.ask(nodeId(1), redis, 500), undefined)
    const asks = agent.received.map(
      (message) => (message.type === 'desired' ? message.desired.probes : undefined) ?? {},
    )
    t.ok(
      asks.every((probes) => Object.keys(probes).length === 0),
      'it does not know of Redis and is not asked',
    )
    await using newer = await AgentClient.attached(
      plane.url,
      helloOf({ node: nodeId(2), probes: ['http', 'tcp', 'redis'] }),
    )
    const asked = plane.sessions.ask(nodeId(2), redis, 20_000)
    const [id] = await waitFor(() => Object.keys(newer.desired().probes ?? {}), {
      what: 'the question',
      ...within,
      until: (ids) => ids.length > 0,
    })
    newer.send({ type: 'probed', id: id ?? '', health: 'passing', reason: { code: 'ok' }, tookMs: 1 })
    t.match(await asked, { health: 'passing' })
  },
)
