import { writeFile } from 'node:fs/promises'
import t from 'tap'
import { startBasicServer } from '#test/support/start-basic-server.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { PackagedHost, whyNoDpkg } from '#test/support/upgrade/packaged-host.ts'
import { connected, over, quick, Releasing, told } from '#test/support/upgrade/releasing.ts'

// Real packages that must not come to run, or must go again, on a real host's dpkg in a folder.
t.setTimeout(290_000)

const skip = await whyNoDpkg()
const releasing = await Releasing.open()
t.teardown(() => releasing[Symbol.asyncDispose]())
const { maker } = releasing

await t.test('what root does not trust is not installed, whatever the agent trusts', { skip }, async (t) => {
  await using plane = await RunningPlane.start()
  await using server = await startBasicServer({ name: 'crm' })
  const former = await maker.make('1.0.0', releasing.ours.privateKey)
  const theirs = await maker.make('1.2.0', releasing.others.privateKey)
  const keys = { agent: [releasing.path('ours.pub'), releasing.path('others.pub')], root: [releasing.path('ours.pub')] }
  await using host = await releasing.host(plane, former, server.port, keys)
  await connected(plane, 1)
  await told(plane, 'upgrade', 'add', theirs.signedFile, theirs.file)
  await told(plane, 'upgrade', 'start', '1.2.0', ...quick)
  const halted = await over(plane)
  t.match(halted, { phase: 'halted', nodes: [{ why: /UPGRADE_UNSIGNED/ }] })
  t.match(host.installerSaid, /1\.2\.0 is refused: UPGRADE_UNSIGNED/)
  t.equal(await host.version(), '1.0.0')
  t.equal(host.starts, 1, 'its agent was not even started anew')

  const strange = await maker.make('1.3.0', releasing.ours.privateKey, { name: 'other-package' })
  await told(plane, 'upgrade', 'stop', '1')
  await told(plane, 'upgrade', 'add', strange.signedFile, strange.file)
  await told(plane, 'upgrade', 'start', '1.3.0', ...quick)
  t.match(await over(plane), { phase: 'halted', nodes: [{ why: /UPGRADE_PACKAGE/ }] })
  t.equal(host.starts, 1)
})

await t.test(
  'what the agent does not trust is not even fetched, and hosts without keys are left out',
  { skip },
  async (t) => {
    await using plane = await RunningPlane.start()
    const former = await maker.make('1.0.0', releasing.ours.privateKey)
    const theirs = await maker.make('1.2.0', releasing.others.privateKey)
    await using host = await PackagedHost.start({
      name: 'h',
      planes: [plane.url],
      keys: releasing.trusting,
      package: former,
    })
    await using _without = await PackagedHost.start({
      name: 'bare',
      planes: [plane.url],
      keys: { agent: [], root: [] },
      package: former,
    })
    await connected(plane, 2)
    await told(plane, 'upgrade', 'add', theirs.signedFile, theirs.file)
    await told(plane, 'upgrade', 'start', '1.2.0', ...quick)
    const halted = await over(plane)
    t.match(halted, { phase: 'halted', nodes: [{ why: /UPGRADE_UNSIGNED/ }], left_out: [{ why: /trusts no key/ }] })
    t.equal(host.installerSaid, '')
    const changed = {
      ...theirs.signed,
      manifest: { ...theirs.signed.manifest, sha256: 'ab'.repeat(32), version: '1.4.0' },
    }
    await writeFile(releasing.path('changed.json'), JSON.stringify(changed))
    t.match(await plane.heddle('upgrade', 'add', releasing.path('changed.json'), theirs.file), {
      code: 5,
      err: /not the one that was signed/,
    })
  },
)
