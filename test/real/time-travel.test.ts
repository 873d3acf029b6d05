import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { EventView, ExplainView, InstanceView } from '#shared/protocol/api.ts'
import type { StatusView } from '#shared/protocol/status-api.ts'
import { freePort } from '#test/support/ports.ts'
import { RunningAgent } from '#test/support/start-agent.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

t.test('a plane tells what was, by the time or the revision, also after it was started anew', async (t) => {
  await using plane = await RunningPlane.start()
  const server = createServer((_request, response) => response.end('{"status":"ok"}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const services = [
    {
      name: 'web',
      port: (server.address() as AddressInfo).port,
      checks: [{ kind: 'http', path: '/', interval: '500ms' }],
    },
    { name: 'nobody', port: await freePort(), checks: [{ kind: 'tcp', interval: '500ms' }] },
  ]
  await using _agent = await RunningAgent.start({ planes: [plane.url], services })
  const instances = () => plane.get<InstanceView[]>('/v1/instances')
  const seen = (what: string, until: (all: InstanceView[]) => boolean) =>
    waitFor(instances, { what, withinMs: 30_000, until, everyMs: 100 })
  const named = (all: readonly InstanceView[], service: string) => all.find((each) => each.service === service)
  const all = await seen(
    'both judged',
    (known) => named(known, 'web')?.routable === 'yes' && named(known, 'nobody')?.health === 'critical',
  )
  const { id = '' } = named(all, 'web') ?? {}
  const { revision: before } = await plane.get<StatusView>('/v1/status')
  t.match(await plane.heddle('drain', id, '--reason', 'new version'), { code: 0 })
  const after = await plane.get<StatusView>('/v1/status')
  const events = await plane.get<EventView[]>('/v1/events?limit=1000')
  const drained = events.find(({ kind }) => kind === 'admitted')
  if (!drained) throw new Error('nothing was drained')
  await plane.kill()
  await plane.start()

  const explained = async (at: string) =>
    JSON.parse((await plane.heddle('explain', id, '--at', at, '--json')).out) as ExplainView
  t.match(await explained(String(before)), {
    known: true,
    routable: 'yes',
    answer: /^At revision \d+ .* could be routed/,
  })
  t.match(await explained(drained.at), { known: true, routable: 'no', answer: /could not be routed/ })
  t.match(await explained(new Date(Date.parse(drained.at) - 1).toISOString()), { routable: 'yes' })
  t.match(await plane.heddle('explain', id, '--at', '0'), { code: 4, out: /At revision 0 .* was not known/ })

  const status = async (at: string) => plane.get<StatusView>(`/v1/status?at=${encodeURIComponent(at)}`)
  t.match(await status(String(before)), {
    revision: before,
    past: { revision: before, at: null },
    instances: { routable: 1 },
    sinks: [],
  })
  t.match(await status(String(after.revision)), { instances: { total: 2, routable: 0 } })
  t.match(await plane.heddle('status', '--at', drained.at), {
    code: 0,
    out: new RegExp(`as it was at ${drained.at}, at revision ${drained.revision}`),
  })
  t.match((await plane.heddle('status', '--at', '0')).out, /Instances {2}0/)

  const refused = async (at: string) => (await fetch(`${plane.url}/v1/status?at=${encodeURIComponent(at)}`)).status
  t.equal(await refused('999999999'), 404)
  t.equal(await refused('2999-01-01T00:00:00Z'), 400)
  t.equal(await refused('yesterday'), 400)
  t.match(await plane.heddle('explain', '/api', '--at', '1h'), { code: 2 })
})
