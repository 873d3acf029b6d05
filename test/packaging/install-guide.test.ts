import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { Chroot, whyNoChroot } from '#test/support/chroot.ts'
import { type Folder, temporaryFolder } from '#test/support/folder.ts'
import { guideBlocks } from '#test/support/guide.ts'
import { Network } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { buildPackages } from '../../setup/package/build-packages.ts'

t.setTimeout(280_000)

/** Where a reader does what a section says. */
const hosts: Readonly<Record<string, 'plane' | 'web'>> = {
  '1 The plane': 'plane',
  '2 An agent on the same host': 'plane',
  '3 An agent on another host': 'web',
  '4 Look': 'plane',
  '5 Upgrade': 'plane',
  '6 Downgrade': 'plane',
  '7 Remove': 'web',
}

await t.test('"Install on Debian" does what it says, word by word', { skip: whyNoChroot() }, async (t) => {
  await using release = await makeRelease()
  await using network = await Network.open(['plane', 'web'])
  await using plane = await freshHost('plane', network, release.path)
  await using web = await freshHost('web', network, release.path)
  const machines = { plane, web }
  const blocks = guideBlocks(await readFile(join(projectFolder, 'docs/install.md'), 'utf8'))
  t.strictSame([...new Set(blocks.map(({ section }) => section))], Object.keys(hosts))
  const said = new Map<string, string>()
  const began = performance.now()
  for (const { section, text } of blocks) {
    // What a reader is asked to copy by hand.
    if (section.startsWith('3') && !said.has(section)) {
      await cp(join(plane.root, 'root/packages/token'), join(web.root, 'root/packages/token'))
    }
    const host = machines[hosts[section] ?? 'plane']
    said.set(section, (said.get(section) ?? '') + (await host.must(asTyped(text))))
    if (section.startsWith('4')) t.comment(`a secured plane with two agents: ${seconds(began)}`)
  }
  t.comment(`all of it: ${seconds(began)}`)

  for (const [section, ...promises] of [
    [
      '1 The plane',
      /heddle-plane_\S+: OK/,
      /asked at https:\/\/plane:8888/,
      /heddle-ca\.pem/,
      /first-token token create/,
    ],
    [
      '2 An agent on the same host',
      /is enrolled with https:\/\/localhost:8888/,
      /names https:\/\/localhost:8888 in planes/,
    ],
    ['3 An agent on another host', /is enrolled with https:\/\/plane:8888/, /certificate until 2/],
    ['4 Look', /^.*\bplane\b.*connected/m, /^.*\bweb\b.*connected/m, /enrolled[\s\S]*enrolled/],
    ['5 Upgrade', /Unpacking heddle-plane \(9\.0\.0\) over/, /9\.0\.0/],
    ['6 Downgrade', /Unpacking heddle-agent \(\S+\) over \(9\.0\.0\)/],
    ['7 Remove', /Purging configuration files for heddle-agent/],
  ] as const) {
    for (const promise of promises) t.match(said.get(section), promise, section)
  }
  t.match(
    (await web.run('id heddle-agent; ls /etc/heddle /var/lib/heddle-agent')).output,
    /no such user[\s\S]*No such file/,
  )
})

/** Packages of this version and of a newer one, with their sums, as a release has them. */
async function makeRelease(): Promise<Folder> {
  const folder = await temporaryFolder('release')
  try {
    const { version } = JSON.parse(await readFile(join(projectFolder, 'package.json'), 'utf8'))
    const made = await buildPackages({ into: folder.path, version, epoch: 0, level: 1 })
    const sums = await Promise.all(made.map(async (file) => `${sha256(await readFile(file))}  ${basename(file)}\n`))
    await writeFile(join(folder.path, 'SHA256SUMS'), sums.join(''))
    const only = ['heddle-agent', 'heddle-plane'] as const
    await buildPackages({ into: join(folder.path, 'newer'), version: '9.0.0', epoch: 0, level: 1, only })
    return folder
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    throw error
  }
}

/** An empty Debian with the packages, who knows the other's name, and what stands in for systemctl. */
async function freshHost(name: 'plane' | 'web', network: Network, release: string): Promise<Chroot> {
  const host = await Chroot.open({ name, network: network.inside(name) })
  await mkdir(join(host.root, 'root/packages'))
  await cp(release, join(host.root, 'root/packages'), { recursive: true })
  await cp(join(projectFolder, 'test/support/systemctl.pl'), join(host.root, 'usr/local/bin/systemctl'))
  const names = ['plane', 'web'].map((each) => `${network.addressOf(each)} ${each}`)
  await host.must(`chmod 755 /usr/local/bin/systemctl; printf '${names.join('\\n')}\\n' >> /etc/hosts`)
  return host
}

/** One shell after the other, as if they were one: what was exported stays. */
function asTyped(text: string): string {
  return `set -e
cd /root/packages
test ! -e /root/.exported || . /root/.exported
${text}
export -p > /root/.exported`
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
