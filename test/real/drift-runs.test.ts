import t from 'tap'
import type { DriftView } from '#shared/protocol/drift.ts'
import { LosingXds } from '#test/support/envoy/losing-xds.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePorts } from '#test/support/ports.ts'
import { declared, drifts, listening, service } from '#test/support/routing/drifting.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)
const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false
const withinMs = 40_000

for (const { by, compareEvery } of [
  { by: 'when it is asked for', compareEvery: '1h' },
  { by: 'by itself', compareEvery: '2s' },
]) {
  t.test(`an Envoy that lost an endpoint is found by what it runs, and set right ${by}`, { skip }, async (t) => {
    await using stack = new AsyncDisposableStack()
    const [port = 0, admin = 0] = await freePorts(2)
    const routing = { compare_every: compareEvery }
    const plane = stack.use(await RunningPlane.start({ declaration: declared(port), settings: { routing } }))
    const way = stack.use(await LosingXds.start(plane.xdsPort))
    const [first, second] = [await listening(stack), await listening(stack)]
    const envoys = [{ gateway: 'edge', admin: `127.0.0.1:${admin}` }]
    const agent = { planes: [plane.url], services: [service('web', first)] }
    stack.use(await RunningAgent.start({ ...agent, more: { envoys } }))
    stack.use(await startXdsEnvoy(way.port, { adminPort: admin }))
    const sees = drifts(plane)
    const equal = await sees('both to be equal', ({ state, remarks }) => state === 'equal' && remarks.length === 0)
    t.strictSame(equal.differences, [], 'what Envoy adds by itself is no difference')

    way.loseNext(({ type_url: type, resources }) => type.endsWith('ClusterLoadAssignment') && resources.length > 0)
    stack.use(await RunningAgent.start({ ...agent, services: [service('web-2', second)] }))
    await waitFor(() => way.lost > 0, { what: 'an endpoint to get lost', withinMs })
    if (by === 'by itself') {
      await sees('that it was set right', ({ state }) => state === 'equal')
      const log = () => plane.get<DriftView>('/v1/drift').then(({ sinks }) => sinks[0]?.differences.length)
      t.equal(await log(), 0)
      return
    }
    const { differences } = await sees('the lost endpoint', ({ state }) => state === 'drifted')
    t.match(differences, [
      { kind: 'missing', what: new RegExp(`^endpoints "web": 127\\.0\\.0\\.1:${second} weight`), at: 'edge-1' },
    ])
    t.equal(differences.length, 1)
    t.match(await plane.heddle('drift', '--repair'), { code: 0, out: /nothing differs/ })
  })
}
