import { request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import type { NodeView } from '#shared/protocol/api.ts'
import { noHeldSocket, runWithHeldSocket } from '#test/support/agents/held-socket.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { projectFolder } from '#test/support/parts.ts'
import { canListen, freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)

const withinMs = 30_000

/** One question on a connection of its own: the status, or why there is none. */
function asked(port: number): Promise<number | string> {
  return new Promise((resolve) => {
    const one = request(
      { host: '127.0.0.1', port, path: '/authorize', agent: false, timeout: withinMs },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    one.on('timeout', () => one.destroy(new Error('timeout')))
    one.on('error', (error) => resolve(error.message))
    one.end()
  })
}

const skip = await noHeldSocket()

await t.test(
  'while an agent restarts, questions wait in the socket that its service manager holds',
  { skip },
  async (t) => {
    await using folder = await temporaryFolder('held')
    const [port = 0, admin = 0, plane = 0] = await freePorts(3)
    const file = await writeYaml(join(folder.path, 'agent.yaml'), {
      planes: [`http://127.0.0.1:${plane}`],
      state_dir: join(folder.path, 'state'),
      admin: { port: admin },
      discovery: { enabled: false },
      authorizers: [{ gateway: 'edge', listen: `127.0.0.1:${port}` }],
    })
    await using held = await runWithHeldSocket(port, [process.execPath, join(projectFolder, 'agent/main.ts'), file])
    const runs = () => [...held.output.matchAll(/^started (\d+)$/gm)].map(([, pid]) => Number(pid))
    const healthy = async () => (await fetch(`http://127.0.0.1:${admin}/health`)).json()
    await waitFor(healthy, { what: 'the first agent', withinMs })
    const answers: (number | string)[] = []
    const underWay = new Set<Promise<unknown>>()
    const asking = setInterval(() => {
      const one = asked(port).then((answer) => answers.push(answer))
      underWay.add(one)
      void one.finally(() => underWay.delete(one))
    }, 10)
    const [first = 0] = runs()
    process.kill(first, 'SIGTERM')
    await waitFor(runs, { what: 'the next agent', withinMs, until: ({ length }) => length === 2 })
    const before = answers.length
    await waitFor(() => answers.length > before + 20, { what: 'its answers', withinMs })
    clearInterval(asking)
    await Promise.all(underWay)
    // Nobody told it of an authenticator, so it cannot tell: what matters is that it is the agent who says so.
    t.strictSame([...new Set(answers)], [503])
    t.ok(answers.length > 20, `${answers.length} questions`)
  },
)

await t.test('for which gateways an agent checks tokens is changed while it runs', async (t) => {
  const [port = 0, other = 0] = await freePorts(2)
  await using plane = await RunningPlane.start({
    declaration: `
gateways:
  edge: { proxy: nginx, authorizer: '127.0.0.1:${port}', listeners: [{ address: 127.0.0.1, port: 8080 }] }
authentication:
  zervi: { external: { service: zervi-auth, path: /verify } }
routes:
  - { prefix: /, service: crm, path: keep, auth: zervi }
`,
  })
  await using agent = await RunningAgent.start({ planes: [plane.url] })
  const configure = async (listen: readonly number[]) => {
    const authorizers = listen.map((at) => ({ gateway: at === port ? 'edge' : 'inner', listen: `127.0.0.1:${at}` }))
    const [adminPort] = /\d+$/.exec(agent.adminUrl) ?? []
    await writeYaml(agent.file, {
      planes: [plane.url],
      state_dir: agent.stateDir,
      admin: { port: Number(adminPort) },
      discovery: { enabled: false },
      authorizers,
    })
    agent.signal('SIGHUP')
  }
  const nodes = async () => (await plane.get<NodeView[]>('/v1/nodes'))[0]?.authorizers ?? []
  t.strictSame(await nodes(), [])
  await configure([port])
  await waitFor(async () => JSON.parse(await agent.page('/health')).authorizers?.[0]?.authenticators?.[0]?.name, {
    ...{ what: 'the authenticator that the plane tells of', withinMs, until: (name) => name === 'zervi' },
  })
  t.strictSame(await nodes(), ['edge'])
  await configure([port, other])
  await waitFor(nodes, { what: 'both', withinMs, until: ({ length }) => length === 2 })
  t.equal(await asked(port), 503)
  t.equal(await asked(other), 503)
  await configure([other])
  await waitFor(() => canListen(port), { what: 'the first to be gone', withinMs })
  await waitFor(nodes, { what: 'the second alone', withinMs, until: ([name, more]) => name === 'inner' && !more })
  t.equal(await asked(other), 503, 'which went on all the time')
})
