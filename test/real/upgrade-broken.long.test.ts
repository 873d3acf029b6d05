import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { PackagedHost, whyNoDpkg } from '#test/support/upgrade/packaged-host.ts'
import { connected, over, quick, Releasing, routable, told } from '#test/support/upgrade/releasing.ts'
import { waitFor } from '#test/support/wait.ts'

// Real packages that must not come to run, or must go again, on a real host's dpkg in a folder.
t.setTimeout(290_000)

const withinMs = 60_000
const skip = await whyNoDpkg()
const releasing = await Releasing.open()
t.teardown(() => releasing[Symbol.asyncDispose]())
const { maker } = releasing

for (const [what, fate, code, returns] of [
  ['does not start', 'dies', /^(agent_failed|contact_lost)$/, true],
  ['hangs', 'hangs', /^(agent_failed|contact_lost)$/, true],
  ['forgets its instances', 'forgets', /^instance_left$/, false],
] as const) {
  await t.test(`a version that ${what} halts the rollout at the first node`, { skip }, async (t) => {
    await using plane = await RunningPlane.start()
    await using server = await startBasicServer({ name: 'crm' })
    const former = await maker.make('1.0.0', releasing.ours.privateKey)
    const next = await maker.make('1.1.0', releasing.ours.privateKey, { fate })
    await using host = await releasing.host(plane, former, server.port)
    await connected(plane, 1)
    await routable(plane, 1)
    await told(plane, 'upgrade', 'add', next.signedFile, next.file)
    await told(plane, 'upgrade', 'start', '1.1.0', '--pause', '1s', '--soak', '5s', '--limit', '60s')
    const halted = await over(plane)
    t.match(halted, { phase: 'halted', counts: { failed: 1 } })
    t.match(halted.transitions.at(-1), { code })
    if (!returns) return
    await waitFor(() => host.version(), {
      what: 'the former version',
      withinMs,
      until: (version) => version === '1.0.0',
    })
    t.match(host.installerSaid, /1\.1\.0 was taken back: UPGRADE_RETURNED/)
    t.match(halted.nodes[0]?.why, /UPGRADE_RETURNED/)
    await connected(plane, 1)
    t.match(await plane.get<InstanceView[]>('/v1/instances'), [{ routable: 'yes' }], 'all the time it was routable')
  })
}

await t.test('an installation that is cut off half-way is gone on with, and ends well', { skip }, async (t) => {
  await using plane = await RunningPlane.start()
  const former = await maker.make('1.0.0', releasing.ours.privateKey)
  const next = await maker.make('1.1.0', releasing.ours.privateKey)
  await using host = await PackagedHost.start({
    name: 'h',
    planes: [plane.url],
    keys: releasing.trusting,
    package: former,
  })
  await connected(plane, 1)
  await told(plane, 'upgrade', 'add', next.signedFile, next.file)
  await told(plane, 'upgrade', 'start', '1.1.0', ...quick)
  await waitFor(async () => host.killInstaller(), {
    what: 'the installer to be at work',
    withinMs,
    everyMs: 5,
    until: (killed) => killed,
  })
  // As at the next start of the machine.
  await waitFor(
    async () => {
      await host.install()
      return host.version()
    },
    { what: 'the new version', withinMs, until: (version) => version === '1.1.0' },
  )
  t.equal((await over(plane)).phase, 'done')
})
