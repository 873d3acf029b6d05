import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod/mini'
import { InstanceView } from '#shared/protocol/api.ts'
import { DiscoveredView } from '#shared/protocol/discovery.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { Network, whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)
const skip = (await whyNoNetwork()) ?? false
const node = process.execPath
const program = (path: string) => join(projectFolder, path)

t.test(
  'an agent beside unknown servers says what and how they are, told nothing but the plane',
  { skip },
  async (t) => {
    await using network = await Network.open(['plane', 'alone'])
    await using folder = await temporaryFolder('alone')
    await using processes = new AsyncDisposableStack()
    const start = async (host: string, file: string, ...args: readonly string[]) => {
      return processes.use(await network.spawn(host, node, [program(file), ...args]))
    }
    const heddle = async (...args: readonly string[]) => {
      await using asked = await network.spawn('plane', node, [program('cli/heddle.ts'), ...args, '--json'])
      await asked.exited
      return JSON.parse(asked.output)
    }
    const plane = await writeYaml(join(folder.path, 'plane.yaml'), {
      api: { address: '0.0.0.0', insecure: true },
      access: { required: false },
      journal: { path: join(folder.path, 'heddle.db') },
    })
    const agent = await writeYaml(join(folder.path, 'agent.yaml'), {
      planes: [`http://${network.addressOf('plane')}:8888`],
      // Only so that a test leaves nothing behind on the machine.
      state_dir: join(folder.path, 'state'),
    })
    // It says its name, at the well-known port of another.
    await start('alone', 'test/support/basic-server.ts', '--name', 'billing', '--host', '0.0.0.0', '--port', '8082')
    // They say no name: one at a port that is nobody else's, one at a port of several.
    await start('alone', 'test/support/nameless-server.ts', '--port', '8083', '--port', '8080', '--silent', '3306')
    // It is there for its own host only.
    await start('alone', 'test/support/odd-server.ts', '--port', '8084')
    await start('plane', 'control-plane/main.ts', plane)
    await start('alone', 'agent/main.ts', agent)

    const instances = async () => z.parse(z.array(InstanceView), await heddle('instances'))
    const all = await waitFor(instances, {
      what: 'both instances',
      withinMs: 40_000,
      everyMs: 200,
      until: (seen) => seen.length === 2 && seen.every(({ health }) => health === 'passing'),
    })
    const address = network.addressOf('alone')
    t.match(
      all.toSorted((a, b) => a.port - b.port),
      [
        { service: 'billing', address, port: 8082, routable: 'yes', reason: { code: 'ok' } },
        { service: 'company-service', cluster: 'zervigo', address, port: 8083, routable: 'yes' },
      ],
    )
    const { found } = z.parse(DiscoveredView, await heddle('discovered', '--all'))
    t.match(
      found.toSorted((a, b) => a.port - b.port),
      [
        {
          port: 3306,
          state: 'asking',
          service: 'mysql',
          check: 'mysql',
          confidence: 'possible',
          process: { name: 'nameless-server.ts' },
        },
        { port: 8080, state: 'asking', confidence: 'possible', health: 'passing' },
        {
          port: 8082,
          state: 'adopted',
          confidence: 'certain',
          process: { command: /basic-server\.ts --name billing/ },
        },
        { port: 8083, state: 'adopted', confidence: 'likely' },
        { port: 8084, state: 'asking', remarks: ['only this host reaches it: it listens on loopback alone'] },
      ],
    )
    t.equal(found.length, 5, 'the agent itself is none of them')

    // What is forwarded has no socket that could be seen: only connections find it.
    const front = await writeYaml(join(folder.path, 'front.yaml'), {
      planes: ['http://127.0.0.1:8888'],
      node: { name: 'front', address },
      state_dir: join(folder.path, 'front'),
      discovery: { ports: [8081, 8082], scan: true, every: '300ms' },
    })
    await start('plane', 'agent/main.ts', front)
    const forwarded = await waitFor(async () => z.parse(DiscoveredView, await heddle('discovered', '--all')).found, {
      what: 'the forwarded one',
      withinMs: 40_000,
      everyMs: 200,
      until: (seen) => seen.some(({ node_name: name, state }) => name === 'front' && state === 'adopted'),
    })
    t.match(
      forwarded.filter(({ node_name: name }) => name === 'front'),
      [{ port: 8082, service: 'billing', address, confidence: 'certain' }],
    )
  },
)
