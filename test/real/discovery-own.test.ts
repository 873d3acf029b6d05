import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { DiscoveredView } from '#shared/protocol/discovery.ts'
import { AgentRecorder } from '#test/support/agents/agent-recorder.ts'
import { nobody, spawnAsNobody, whyNotNobody } from '#test/support/as-nobody.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { missingParts, programOf } from '#test/support/parts.ts'
import { canListen, freePorts } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

// Real processes on a busy machine take their time to start.
t.setTimeout(150_000)
const withinMs = 20_000
const leftOut = /"port":(\d+).*a control plane of Heddle listens there: it is no service, and left out/

const found = (plane: AgentRecorder) => plane.all('discovered').at(-1)?.message.found ?? []
const discovery = (...ports: readonly number[]) => ({ enabled: true, ports, every: '200ms', default: 'adopt' })

await t.test('a control plane that is not its own is no service to an agent, and the log says so', async (t) => {
  await using plane = await AgentRecorder.start()
  await using stranger = await RunningPlane.start()
  await using crm = await startBasicServer({ name: 'crm' })
  const port = Number(new URL(stranger.url).port)
  const more = { discovery: discovery(port, stranger.xdsPort, crm.port) }
  await using agent = await RunningAgent.start({ planes: [plane.url], more })
  await plane.until(() => found(plane), {
    what: 'the service to be found',
    withinMs,
    until: (all) => all.some(({ service, state }) => service === 'crm' && state === 'adopted'),
  })
  t.strictSame(
    found(plane).map(({ service }) => service),
    ['crm'],
  )
  t.match(agent.output, leftOut)
})

const noNginx = missingParts(['nginx']).length > 0 && 'there is no Nginx'

await t.test('the proxies that an agent runs are none of what it finds', { skip: noNginx }, async (t) => {
  const [port = 0, proof = 0, later = 0] = await freePorts(3)
  const declaration = `gateways: { edge: { proxy: nginx, listeners: [{ address: 127.0.0.1, port: ${port} }] } }\n`
  await using plane = await RunningPlane.start({ declaration })
  const gateway = {
    ...{ name: 'edge', proxy: 'nginx', binary: programOf('nginx'), managed: true, run: true, workers: 1 },
    proof: `127.0.0.1:${proof}`,
  }
  const more = { gateways: [gateway], discovery: discovery(port, proof, later) }
  await using _agent = await RunningAgent.start({ planes: [plane.url], more })
  for (const each of [port, proof]) {
    await waitFor(() => canListen(each), { what: 'Nginx to listen', withinMs, until: (free) => !free })
  }
  // By the time that it is found, all was looked at again.
  await using _crm = await startBasicServer({ name: 'crm', port: later })
  const all = await waitFor(() => plane.get<DiscoveredView>('/v1/discovered'), {
    what: 'the service to be found',
    withinMs,
    until: ({ found }) => found.some(({ state }) => state === 'adopted'),
  })
  t.match(all, { found: [{ service: 'crm' }] })
  t.equal(all.found.length, 1)
})

await t.test('one whose process cannot be seen is known by its answer', { skip: await whyNotNobody() }, async (t) => {
  await using plane = await AgentRecorder.start()
  await using stranger = await RunningPlane.start()
  const port = Number(new URL(stranger.url).port)
  await using folder = await temporaryFolder('nobody')
  await chown(folder.path, nobody, nobody)
  const file = await writeYaml(join(folder.path, 'agent.yaml'), {
    planes: [plane.url],
    state_dir: join(folder.path, 'state'),
    admin: { enabled: false },
    discovery: discovery(port),
  })
  await using agent = await spawnAsNobody('agent/main.ts', file)
  const [seen] = await waitFor(() => found(plane), {
    what: 'the plane to be found',
    withinMs,
    until: (all) => all.length === 1,
  })
  t.match(seen, {
    port,
    state: 'ignored',
    by: 'heddle',
    remarks: [/^a control plane of Heddle listens there/, /user 0/],
  })
  t.match(agent.output, leftOut)
})
