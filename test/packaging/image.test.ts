import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { Container, whyNoContainers } from '#test/support/container/container.ts'
import { type ImageName, ImageRoots } from '#test/support/container/image-roots.ts'
import { treeOf } from '#test/support/container/tree-hash.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { Network, whyNoNetwork } from '#test/support/network.ts'
import { projectFolder } from '#test/support/parts.ts'
import { agentEnvironment, agentOptions, planeEnvironment, planeOptions } from '../../setup/bundle.ts'
import { imageBill } from '../../setup/image/bill.ts'
import { programs } from '../../setup/image/lay-roots.ts'
import { readLock as readDebianLock } from '../../setup/image/lock.ts'
import { licencesOf } from '../../setup/supply-chain/bill.ts'
import { makeBill, readLock } from '../../setup/supply-chain/npm.ts'
import { isAllowedLicence, readPolicy } from '../../setup/supply-chain/policy.ts'

t.setTimeout(290_000)
const names: readonly ImageName[] = ['plane', 'agent', 'cli']
const why = whyNoContainers() || ((await whyNoNetwork()) ?? false)
const roots = await ImageRoots.lay()
t.teardown(() => roots[Symbol.asyncDispose]())

await t.test('what is copied into the images is the same to the byte when it is made again', async (t) => {
  await using again = await ImageRoots.lay()
  const [first, second] = await Promise.all([roots, again].map(({ folder }) => treeOf(join(folder.path, 'dist'))))
  t.ok((first?.length ?? 0) > 100)
  t.strictSame(second, first)
})

await t.test(
  'the Dockerfile starts each program as it is shipped, for a user by number, and only copies',
  async (t) => {
    const options = { plane: planeOptions, agent: agentOptions, cli: [] }
    const environments = { plane: planeEnvironment, agent: agentEnvironment, cli: {} }
    for (const name of names) {
      const stage = roots.stage(name)
      const { folder, word } = programs[name]
      t.strictSame(stage.entrypoint, ['/usr/bin/node', ...options[name], `/${folder}/${word}.mjs`])
      t.strictSame(stage.env, { PATH: '/usr/bin', ...environments[name] })
      t.match(stage.user, /^[1-9]\d+:[1-9]\d+$/)
      t.equal(stage.stopSignal, 'SIGTERM')
      for (const label of ['title', 'description', 'licenses', 'version', 'revision']) {
        t.ok(stage.labels[`org.opencontainers.image.${label}`], label)
      }
      t.notOk(stage.others.includes('RUN'))
      t.equal(stage.healthCheck.length > 0, name !== 'cli')
    }
  },
)

await t.test('no image has a shell, a package manager, or anything that gives rights', async (t) => {
  const base = roots.layers('cli')[0] ?? ''
  t.strictSame(await readdir(join(base, 'usr/bin')), ['node'])
  for (const name of names) {
    for (const layer of roots.layers(name)) {
      for (const entry of await readdir(layer, { recursive: true, withFileTypes: true })) {
        const { mode } = await stat(join(entry.parentPath, entry.name)).catch(() => ({ mode: 0 }))
        if (entry.isFile() && (mode & 0o7022) !== 0) t.fail(`${entry.parentPath}/${entry.name} ${mode.toString(8)}`)
      }
    }
  }
  const inNode = await readFile(join(base, 'usr/bin/node'))
  t.ok(inNode.equals(await readFile(join(projectFolder, 'node_modules/node/bin/node'))), 'the Node that npm checked')
})

await t.test('the bill of an image names each Debian package, Node, and the npm packages that are in it', async (t) => {
  const [shipped, lock, policy, debian] = await Promise.all([makeBill(), readLock(), readPolicy(), readDebianLock()])
  const base = roots.layers('cli')[0] ?? ''
  const recorded = await readdir(join(base, 'var/lib/dpkg/status.d'))
  t.strictSame(recorded.sort(), debian.amd64.map(({ name }) => name).sort())
  for (const name of names) {
    const about = { name: `heddle-${name}`, version: '1.0.0', arch: 'amd64', nodeVersion: process.versions.node, lock }
    const npm = roots.contents.npm[name] ?? []
    const bill = imageBill(shipped, { ...about, debian: roots.contents.debian, npm })
    const purls = bill.components.map(({ purl }) => purl)
    for (const each of debian.amd64) t.ok(purls.includes(purlOf(each.name, each.version)), each.name)
    t.ok(purls.includes(`pkg:generic/node@${process.versions.node}`))
    // Each package from which something is in the bundle stands in the bill of what is shipped, so that its licence was looked at.
    const packages = new Set(
      npm.map((place) => `${place.split('node_modules/').at(-1)}@${lock.packages[place]?.version}`),
    )
    t.equal(bill.components.length, packages.size + 1 + debian.amd64.length, name)
    for (const component of bill.components.filter(({ purl }) => purl.startsWith('pkg:npm'))) {
      t.ok(
        licencesOf(component).every((each) => isAllowedLicence(each, policy.licences)),
        component.name,
      )
    }
  }
})

function purlOf(name: string, version: string): string {
  return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=amd64&distro=debian-12`
}

await t.test(
  'plane and agent run as containers do: read-only, without rights, with a health check',
  { skip: why },
  async (t) => {
    await using network = await Network.open(['plane', 'agent'])
    await using folder = await temporaryFolder('images')
    const volume = async (name: string, owner: { readonly uid: number; readonly gid: number }) => {
      const path = join(folder.path, name)
      await mkdir(path)
      await chown(path, owner.uid, owner.gid)
      return path
    }
    const user = roots.user('plane')
    const planeState = await volume('plane', user)
    const agentState = await volume('agent', user)
    const settings = join(folder.path, 'plane.yaml')
    await writeFile(
      settings,
      stringify({
        api: { address: '0.0.0.0', names: ['plane'] },
        routing: { xds: { address: '0.0.0.0' } },
        journal: { path: '/var/lib/heddle-plane/heddle.db' },
      }),
    )
    const plane = roots.stage('plane')
    await using runningPlane = await Container.start({
      name: 'plane',
      layers: roots.layers('plane'),
      command: [...plane.entrypoint, ...plane.command],
      env: plane.env,
      user,
      mounts: [
        { source: settings, target: '/etc/heddle/control-plane.yaml', readOnly: true },
        { source: planeState, target: '/var/lib/heddle-plane', readOnly: false },
      ],
      network: network.inside('plane'),
    })
    const healthy = (of: Container, check: readonly string[]) => async () => (await of.exec(check)).code === 0
    await runningPlane.ready('its health check', 60_000, healthy(runningPlane, plane.healthCheck))

    const rights = await readFile(`/proc/${await runningPlane.pid()}/status`, 'utf8')
    t.match(rights, new RegExp(`^Uid:\\t${user.uid}\\t${user.uid}\\t${user.uid}\\t${user.uid}$`, 'm'))
    t.match(rights, /^CapPrm:\t0{16}$/m)
    t.match(rights, /^CapEff:\t0{16}$/m)
    t.match(rights, /^NoNewPrivs:\t1$/m)
    const write = "try { require('node:fs').writeFileSync('/etc/heddle/x', ''); } catch (e) { console.log(e.code) }"
    t.match((await runningPlane.exec(['/usr/bin/node', '-e', write])).output, /EROFS/)
    t.equal((await runningPlane.exec(['/usr/bin/heddle-plane', '--version'])).code, 0, 'its word, without a shell')
    t.not(
      (await runningPlane.exec([...plane.healthCheck, 'https://localhost:1/health'])).code,
      0,
      'a check that fails says so',
    )

    const token = join(folder.path, 'token')
    await writeFile(token, await readFile(join(planeState, 'enrolment-token')), { mode: 0o400 })
    await chown(token, user.uid, user.gid)
    const agentFile = join(folder.path, 'agent.yaml')
    await writeFile(
      agentFile,
      stringify({
        planes: ['https://plane:8888'],
        identity: { token_file: '/run/token' },
        node: { machine: 'in-a-container' },
        discovery: { enabled: false },
        services: [{ name: 'crm', port: 8080 }],
      }),
    )
    const agent = roots.stage('agent')
    await using runningAgent = await Container.start({
      name: 'agent',
      layers: roots.layers('agent'),
      command: [...agent.entrypoint, ...agent.command],
      env: agent.env,
      user,
      mounts: [
        { source: agentFile, target: '/etc/heddle/agent.yaml', readOnly: true },
        { source: token, target: '/run/token', readOnly: true },
        { source: agentState, target: '/var/lib/heddle-agent', readOnly: false },
      ],
      network: network.inside('agent'),
      hosts: [`${network.addressOf('plane')} plane`],
    })
    await runningAgent.ready('its health check', 30_000, healthy(runningAgent, agent.healthCheck))
    const heard = healthy(runningAgent, ['/usr/bin/heddle-agent', 'status', '/etc/heddle/agent.yaml'])
    await runningAgent.ready('a session with the plane', 60_000, heard)
    t.ok((await stat(join(agentState, 'identity/certificate.pem'))).size > 0, 'it was let in by its token')

    // Ten seconds are what engines give.
    for (const each of [runningAgent, runningPlane]) {
      const before = performance.now()
      t.strictSame(await each.stop({ withinMs: 10_000 }), { code: 0, signal: null })
      t.ok(performance.now() - before < 9_000)
    }
  },
)
