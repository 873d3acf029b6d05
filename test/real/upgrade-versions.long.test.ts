import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import type { EventView, InstanceView, NodeView } from '#shared/protocol/api.ts'
import { Connections } from '#test/support/connections.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { answers, writeYaml } from '#test/support/landscape/program.ts'
import { missingParts, programOf, projectFolder } from '#test/support/parts.ts'
import { freePort, freePorts } from '#test/support/ports.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { type Former, former, releases } from '#test/support/upgrade/former.ts'
import { Versioned } from '#test/support/upgrade/versioned.ts'
import { waitFor } from '#test/support/wait.ts'

// Agents and planes of today and of the versions before, together on one machine, each as it was shipped.
t.setTimeout(600_000)

const withinMs = 30_000
const today = { agent: 'agent/main.ts', plane: 'control-plane/main.ts' } as const
type Program = readonly string[] | string

/** A plane and an agent with a server, and an Nginx as its gateway, whose programs may be exchanged. */
class Pair implements AsyncDisposable {
  readonly url: string
  readonly plane: Versioned
  readonly agent: Versioned
  readonly folder: string
  readonly gatewayPort: number
  readonly #stack: AsyncDisposableStack

  private constructor(
    url: string,
    folder: string,
    gatewayPort: number,
    plane: Versioned,
    agent: Versioned,
    stack: AsyncDisposableStack,
  ) {
    this.url = url
    this.folder = folder
    this.gatewayPort = gatewayPort
    this.plane = plane
    this.agent = agent
    this.#stack = stack
  }

  static async open(): Promise<Pair> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder('versions'))
    const server = stack.use(await startBasicServer({ name: 'crm' }))
    const [port = 0, xds = 0, admin = 0, gatewayPort = 0] = await freePorts(4)
    const url = `http://127.0.0.1:${port}`
    const routes = join(folder.path, 'routes.yaml')
    const withNginx = missingParts(['nginx']).length === 0
    const planeFile = await writeYaml(join(folder.path, 'plane.yaml'), {
      api: { port },
      routing: { xds: { port: xds }, ...(withNginx ? { declaration: routes } : {}) },
      journal: { path: join(folder.path, 'journal.db') },
    })
    const declared = {
      gateways: { edge: { proxy: 'nginx', listeners: [{ address: '127.0.0.1', port: gatewayPort }] } },
      routes: [{ prefix: '/', service: 'crm', path: 'keep' }],
    }
    await writeYaml(routes, declared)
    const gateway = {
      ...{
        name: 'edge',
        proxy: 'nginx',
        binary: withNginx ? programOf('nginx') : 'nginx',
        managed: true,
        run: true,
        workers: 1,
      },
      ...{ proof: `127.0.0.1:${await freePort()}`, reloads_per_minute: 600, retry_every: '100ms' },
      ...(process.getuid?.() === 0 && { user: 'root' }),
    }
    const agentFile = await writeYaml(join(folder.path, 'agent.yaml'), {
      ...{
        planes: [url],
        state_dir: join(folder.path, 'state'),
        admin: { port: admin },
        discovery: { enabled: false },
      },
      services: [{ name: 'crm', port: server.port, checks: [{ kind: 'http', path: '/health', interval: '500ms' }] }],
      orders: { restart: [{ name: 'touch', command: ['/bin/true'] }] },
      ...(withNginx ? { gateways: [gateway] } : {}),
    })
    const plane = stack.use(new Versioned('plane', planeFile, answers(`${url}/health`)))
    const agent = stack.use(new Versioned('agent', agentFile, answers(`http://127.0.0.1:${admin}/health`)))
    return new Pair(url, folder.path, gatewayPort, plane, agent, stack.move())
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000) })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  async send(method: string, path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5_000),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  /** Its only instance as the plane has it, once that is as wanted. */
  instance(what: string, until: (view: InstanceView) => boolean): Promise<InstanceView> {
    const look = async () => (await this.get<InstanceView[]>('/v1/instances'))[0]
    return waitFor(look, {
      what,
      withinMs,
      until: (view) => view !== undefined && until(view),
    }) as Promise<InstanceView>
  }

  async node(): Promise<NodeView> {
    const look = async () => (await this.get<NodeView[]>('/v1/nodes'))[0]
    const node = await waitFor(look, { what: 'the node', withinMs, until: (view) => view?.contact === 'connected' })
    if (!node) throw new Error('a node')
    return node
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

/** A session, its reports, a drain, an order, files of a gateway, and a restart of either side. */
async function speak(t: Test, pair: Pair, plane: Program, agent: Program): Promise<void> {
  await pair.plane.start(plane)
  await pair.agent.start(agent)
  const { id } = await pair.instance('the instance to be routable', ({ routable }) => routable === 'yes')
  const node = await pair.node()
  const reason = 'versions'
  await pair.send('PUT', `/v1/instances/${id}/admission`, { admission: 'draining', reason, by: 'eve' })
  await pair.instance('the drain', ({ routable }) => routable === 'no')
  await pair.send('PUT', `/v1/instances/${id}/admission`, { admission: 'active', reason, by: 'eve' })
  await pair.instance('the end of the drain', ({ routable }) => routable === 'yes')
  const restart = await pair.send('POST', `/v1/nodes/${node.id}/restarts`, { name: 'touch', reason, by: 'eve' })
  const { id: order } = restart as { readonly id: string }
  await waitFor(() => pair.get<{ state: string }>(`/v1/nodes/${node.id}/restarts/${order}`), {
    what: 'the order to be done',
    withinMs,
    until: ({ state }) => state === 'done',
  })
  if (missingParts(['nginx']).length === 0) {
    using connections = new Connections()
    await waitFor(() => connections.status(pair.gatewayPort, '/').catch(() => 0), {
      what: 'the gateway to answer by the files of the plane',
      withinMs,
      until: (status) => status === 200,
    })
  }
  const before = (await pair.get<EventView[]>('/v1/events?limit=1')).at(-1)?.revision ?? 0
  await pair.agent.start(agent)
  await pair.node()
  await pair.plane.start(plane)
  await pair.node()
  await pair.instance('the instance after both were started again', ({ routable }) => routable === 'yes')
  const events = await pair.get<EventView[]>(`/v1/events?after=${before}&limit=500`)
  const trouble = events.filter(({ kind }) =>
    ['deregistered', 'death-confirmed', 'judged', 'hold-begun'].includes(kind),
  )
  t.strictSame(trouble, [], 'nothing left routing')
}

for (const release of await releases()) {
  const made: Former | string = await former(release)
  const skip = typeof made === 'string' ? made : false
  if (typeof made === 'string') {
    await t.test(`today's version and ${release.name}`, { skip }, async () => {})
    continue
  }

  await t.test(`an agent of ${release.name} and a plane of today get along`, async (t) => {
    await using pair = await Pair.open()
    await speak(t, pair, today.plane, made.agent)
  })

  await t.test(`an agent of today and a plane of ${release.name} get along`, async (t) => {
    await using pair = await Pair.open()
    await speak(t, pair, made.plane, today.agent)
  })

  await t.test(`a store of ${release.name} is taken over by a plane of today, and goes back`, async (t) => {
    await using pair = await Pair.open()
    await speak(t, pair, made.plane, made.agent)
    const before = await pair.get<InstanceView[]>('/v1/instances')
    await pair.plane.start(today.plane)
    await pair.node()
    t.match(
      (await pair.get<InstanceView[]>('/v1/instances')).map(({ id, health, routable }) => ({ id, health, routable })),
      before.map(({ id, health, routable }) => ({ id, health, routable })),
    )
    await pair.plane.stop()
    const refused = await pair.plane.start(made.plane).then(
      () => '',
      (error: unknown) => String(error),
    )
    t.match(refused, /migration/, 'the former version does not touch what it does not know')
    const migrate = [join(projectFolder, today.plane), 'migrate', join(pair.folder, 'plane.yaml'), '0009-identities']
    const { stdout } = await promisify(execFile)(process.execPath, migrate)
    t.match(stdout, /0009-identities/)
    await pair.plane.start(made.plane)
    await pair.node()
    await pair.instance('the instance at the former version again', ({ routable }) => routable === 'yes')
    t.strictSame(
      (await pair.get<InstanceView[]>('/v1/instances')).map(({ id }) => id),
      before.map(({ id }) => id),
    )
  })
}
