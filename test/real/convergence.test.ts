import t from 'tap'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { startXdsEnvoy } from '#test/support/envoy/xds-envoy.ts'
import { missingParts } from '#test/support/parts.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)
const skip = missingParts(['envoy']).length > 0 ? 'Envoy is not ready on this machine' : false

t.test('how long an Envoy takes to show a change is measured and told', { skip }, async (t) => {
  const port = await freePort()
  const declaration = (more = '') => `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: ${port} }] }
  seen: { proxy: envoy, mode: observe, listeners: [{ address: 127.0.0.1, port: 1 }] }
routes:
  - { prefix: /web, service: web, path: keep }
${more}`
  await using plane = await RunningPlane.start({ declaration: declaration() })
  await using _envoy = await startXdsEnvoy(plane.xdsPort)
  const edge = (what: string, until: (sink: StatusView['sinks'][number]) => boolean) =>
    waitFor(
      async () => {
        const { sinks } = await plane.get<StatusView>('/v1/status')
        const sink = sinks.find(({ name }) => name === 'envoy:edge')
        if (!sink) throw new Error('no sink yet')
        return sink
      },
      { what, withinMs: 30_000, until, everyMs: 100 },
    )
  await edge('its first proof', ({ convergence }) => Boolean(convergence?.fleet && convergence.declaration))
  const registered = await fetch(`${plane.url}/cluster/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      service_name: 'web',
      service_type: 'web',
      instance_id: 'web-1',
      node_id: 'n',
      address: '127.0.0.1',
      port: 1,
    }),
  })
  t.ok(registered.ok)
  await plane.declare(declaration('  - { prefix: /more, service: web, path: keep }\n'))
  const { convergence } = await edge('both changes', ({ convergence }) =>
    Boolean(convergence?.fleet?.hour && convergence.declaration?.hour),
  )
  const { fleet, declaration: declared } = convergence ?? {}
  for (const known of [fleet, declared]) {
    t.match(known, { forgotten: 0, since_start: { changes: Number, p50_ms: Number } })
    t.ok((known?.hour?.p50_ms ?? -1) > 0 && (known?.hour?.p50_ms ?? 0) <= (known?.hour?.p99_ms ?? 0))
    t.ok((known?.hour?.p99_ms ?? 1e9) < 30_000, 'within the time of this test')
  }
  const metrics = await (await fetch(`${plane.url}/metrics`)).text()
  for (const subject of ['fleet', 'declaration']) {
    t.match(metrics, new RegExp(`heddle_convergence_seconds_count\\{sink="envoy:edge",of="${subject}"\\} [1-9]`))
  }
  t.match((await plane.heddle('status')).out, /Converged within\n {2}envoy:edge: P50 .* of the fleet in the last hour/)
  const { sinks } = await plane.get<StatusView>('/v1/status')
  t.equal(sinks.find(({ name }) => name === 'envoy:seen')?.convergence, undefined, 'one that is observed shows nothing')
})
