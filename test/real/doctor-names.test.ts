import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { diagnosed, ills, type Told } from '#test/support/doctor.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { writeYaml } from '#test/support/landscape/program.ts'
import { Network, whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'

t.setTimeout(90_000)
await using folder = await temporaryFolder('doctor')
const config = (name: string) => ({ planes: [`http://${name}:8888`], state_dir: join(folder.path, 'state') })

await t.test('a name that nobody knows is found, and another one in its place is not', async (t) => {
  // .invalid is kept for this (RFC 2606).
  t.match(ills(await diagnosed(folder.path, config('plane.invalid'), 'dns')), [/^error: .*plane\.invalid/])
  t.strictSame(ills(await diagnosed(folder.path, config('127.0.0.1'), 'dns')), [])
})

await t.test('names with an underscore, with a dot at their end, and of admin pages are looked up, too', async (t) => {
  const database = (host: string) => ({ journal: { path: join(folder.path, 'heddle.db'), postgresql: { host } } })
  for (const host of ['heddle_db.invalid', 'db.invalid.']) {
    t.match(
      ills(await diagnosed(folder.path, database(host), 'dns,database')),
      [/ENOTFOUND|EAI/, /ENOTFOUND|EAI/],
      host,
    )
  }
  const envoys = [{ gateway: 'edge', admin: 'envoy.invalid:9901' }]
  const ill = ills(await diagnosed(folder.path, { ...config('127.0.0.1'), envoys }, 'proxies'))
  t.match(ill, [/step resolve.*envoy\.invalid is not known \((ENOTFOUND|EAI)/])
})

await t.test('a resolver that hangs holds up nothing else', { skip: (await whyNoNetwork()) ?? false }, async (t) => {
  await using network = await Network.open(['here', 'resolver'])
  // In the namespace alone: `ip netns exec` puts the files of /etc/netns/<name> in their places, and there is an own one without.
  const resolv = join(folder.path, 'resolv.conf')
  await writeFile(resolv, `nameserver ${network.addressOf('resolver')}\n`)
  await network.cut('resolver')
  const file = await writeYaml(join(folder.path, 'hang.yaml'), config('plane.example'))
  const doctor = `mount --bind ${resolv} /etc/resolv.conf && exec ${process.execPath} ${join(projectFolder, 'cli/heddle.ts')} doctor ${file} --only dns,plane,memory,clock --json`
  const from = performance.now()
  await using child = await network.spawn('here', 'unshare', ['--mount', 'sh', '-c', doctor])
  await child.exited
  const tookMs = performance.now() - from
  const found: readonly Told[] = JSON.parse(child.output).findings
  t.match(ills(found.filter(({ check }) => check === 'dns')), [
    /no resolver answers for plane\.example within 3 s → Look at \/etc\/resolv\.conf/,
  ])
  t.match(ills(found.filter(({ check }) => check === 'plane')), [/step resolve, \d+ ms\)/])
  t.ok(found.some(({ check }) => check === 'memory'))
  t.ok(tookMs < 15_000, `${Math.round(tookMs)} ms in all`)
})
