import t from 'tap'
import type { EventView, InstanceView } from '#shared/protocol/api.ts'
import type { RolloutView } from '#shared/protocol/upgrade.ts'
import { startConsul } from '#test/support/consul.ts'
import { missingParts } from '#test/support/parts.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { drive } from '#test/support/traffic.ts'
import { PackagedHost, whyNoDpkg } from '#test/support/upgrade/packaged-host.ts'
import { connected, quick, Releasing, routable, told } from '#test/support/upgrade/releasing.ts'
import { waitFor } from '#test/support/wait.ts'

// Real packages, installed by the real dpkg into folders, beside a real plane, a Consul and servers under requests.
t.setTimeout(280_000)

const withinMs = 60_000
const skip = await whyNoDpkg()
const releasing = await Releasing.open()
t.teardown(() => releasing[Symbol.asyncDispose]())
const { maker } = releasing

await t.test(
  'agents become a version stage by stage, and no request, route or catalogue notices',
  { skip },
  async (t) => {
    const withConsul = missingParts(['consul']).length === 0
    await using stack = new AsyncDisposableStack()
    const consul = withConsul ? stack.use(await startConsul({ datacenter: 'dc1' })) : undefined
    const datacenters = consul ? [{ name: 'dc1', address: consul.url }] : []
    const plane = stack.use(
      await RunningPlane.start({ settings: { mirror: { datacenters, freshness: { every: '1s', watch: '1s' } } } }),
    )
    const [former, next] = [
      await maker.make('1.0.0', releasing.ours.privateKey),
      await maker.make('1.1.0', releasing.ours.privateKey),
    ]
    const servers = await Promise.all(['a', 'b', 'c'].map((instance) => startBasicServer({ name: 'crm', instance })))
    for (const server of servers) stack.use(server)
    const hosts = await Promise.all(
      servers.map(({ port }, index) =>
        PackagedHost.start({
          ...{ name: `h${index}`, planes: [plane.url], keys: releasing.trusting, package: former },
          more: { node: { name: `h${index}`, machine: `m${index}`, site: index === 2 ? 'b' : 'a' } },
          services: [{ name: 'crm', port, checks: [{ kind: 'http', path: '/health', interval: '500ms' }] }],
        }),
      ),
    )
    for (const host of hosts) stack.use(host)
    await connected(plane, 3)
    const all = () => plane.get<InstanceView[]>('/v1/instances')
    await routable(plane, 3)
    const catalogue = async () => {
      const rows = await consul?.request<readonly { ServiceID: string; ModifyIndex: number }[]>(
        'GET',
        '/v1/catalog/service/crm',
      )
      return (rows ?? []).map(({ ServiceID, ModifyIndex }) => `${ServiceID} ${ModifyIndex}`).sort()
    }
    if (consul) await waitFor(catalogue, { what: 'Consul to show them', withinMs, until: (rows) => rows.length === 3 })
    const written = await catalogue()
    const before = (await plane.get<EventView[]>('/v1/events?limit=1')).at(-1)?.revision ?? 0
    const traffic = servers.map(({ url }) => drive({ url: `${url}/work`, perSecond: 20 }))

    t.match(await told(plane, 'upgrade', 'add', next.signedFile, next.file), /1\.1\.0 is there/)
    t.match(await told(plane, 'upgrade', 'status'), /Agents: 3 1\.0\.0/)
    await told(plane, 'upgrade', 'start', '1.1.0', '--stages', '1,100%', ...quick, '--reason', 'trial')
    const second = await plane.heddle('upgrade', 'start', '1.1.0', '--to', 'site:a')
    t.match(second, { code: 5, err: /rollout 1 of 1\.1\.0 to all is running/ })
    const underWay: number[] = []
    await waitFor(() => plane.get<RolloutView>('/v1/upgrades/rollouts/1'), {
      what: 'all to be upgraded',
      withinMs: 100_000,
      everyMs: 200,
      until: ({ stage, counts, phase }) => {
        if (stage === 0) underWay.push(counts.asked + counts.proven)
        if (phase === 'halted') throw new Error('it was halted')
        return phase === 'done'
      },
    }).catch(async (error: unknown) => {
      throw new Error(
        `${error}: ${await told(plane, 'upgrade', 'status')} ${hosts.map((host) => `${host.installerSaid}${host.agentOutput}`).join('\n')}`,
      )
    })
    t.equal(Math.max(...underWay), 1, 'the first stage is one node')
    t.strictSame(await Promise.all(hosts.map((host) => host.version())), ['1.1.0', '1.1.0', '1.1.0'])
    t.match(
      await told(plane, 'upgrade', 'status'),
      /Agents: 3 1\.1\.0[\s\S]*rollout 1 of 1\.1\.0 to all is done: 3 of 3 proven/,
    )

    for (const each of traffic) t.match(await each.stop(), { failed: 0 })
    t.strictSame(await catalogue(), written, 'nothing was written into the catalogue')
    const kinds = (await plane.get<EventView[]>(`/v1/events?after=${before}&limit=500`)).map(({ kind }) => kind)
    const moving = ['registered', 'judged', 'deregistered', 'death-confirmed', 'hold-begun', 'admitted', 'node-left']
    t.strictSame(
      kinds.filter((kind) => moving.includes(kind)),
      [],
      'nothing that could move a route',
    )
    t.ok((await all()).every((view) => view.routable === 'yes'))

    const back = await plane.heddle('upgrade', 'back', '1.0.0')
    t.match(back, { code: 4, err: /RELEASE_UNKNOWN/ })
    await told(plane, 'upgrade', 'add', former.signedFile, former.file)
    t.match(await plane.heddle('upgrade', 'back', '1.0.0'), {
      code: 5,
      err: /floor is 1\.1\.0: older versions are not let in/,
    })
  },
)
