import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { InstallerConfig } from '#agent/installer/config.ts'
import { runInstaller } from '#agent/installer/install.ts'
import type { Installation } from '#agent/installer/phase.ts'
import { hashOf } from '#agent/upgrade/fetch-release.ts'
import { packageName, type Wanted, wantedName } from '#shared/protocol/hand-over.ts'
import { signRelease } from '#shared/protocol/release.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { whyNoDpkg } from '#test/support/upgrade/packaged-host.ts'
import { installedIn } from '#test/support/upgrade/packages.ts'

// The installer of root with the real dpkg in a folder. What answers for the agent is as well as the version that is installed.
t.setTimeout(100_000)

const run = promisify(execFile)
const skip = await whyNoDpkg()
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
/** Of these none is well. */
const ill = /^6\./

async function hostOf(t: Test) {
  const folder = await temporaryFolder('installer')
  t.teardown(() => folder[Symbol.asyncDispose]())
  const at = (name: string) => join(folder.path, name)
  const root = at('root')
  for (const each of ['var/lib/dpkg/info', 'var/lib/dpkg/updates']) await mkdir(join(root, each), { recursive: true })
  await writeFile(join(root, 'var/lib/dpkg/status'), '')
  await mkdir(at('inbox'))
  await writeFile(at('key.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  const server = createServer(async (_, response) => {
    const [version = ''] = (await installedIn(root)).split(',')
    response.end(JSON.stringify({ version: ill.test(version) ? '' : version, session: { state: 'connected' } }))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const config = InstallerConfig.parse({
    ...{ keys: [at('key.pub')], inbox: at('inbox'), state_dir: at('state'), outcome: at('run/outcome.json'), root },
    health: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    ...{ well_within: '800ms', well_for: '100ms', restart: ['/bin/true'] },
  })
  const make = async (version: string, conffiles: readonly string[] = []) => {
    const tree = at(`tree-${version}`)
    await mkdir(join(tree, 'DEBIAN'), { recursive: true })
    await mkdir(join(tree, 'etc/heddle'), { recursive: true })
    await writeFile(join(tree, 'etc/heddle/a'), version)
    for (const name of conffiles) await writeFile(join(tree, name), `of ${version}\n`)
    if (conffiles.length > 0)
      await writeFile(join(tree, 'DEBIAN/conffiles'), conffiles.map((name) => `${name}\n`).join(''))
    const control = `Package: heddle-agent\nVersion: ${version}\nArchitecture: all\nMaintainer: H <h@example.org>\nDescription: agent\n`
    await writeFile(join(tree, 'DEBIAN/control'), control)
    await run('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', tree, at(`${version}.deb`)])
    return at(`${version}.deb`)
  }
  const want = async (version: string, id: string, conffiles: readonly string[] = []) => {
    const file = await make(version, conffiles)
    const sha256 = await hashOf(file)
    await rename(file, join(at('inbox'), packageName(sha256)))
    const signed = signRelease({ version, sha256, not_before: '2020-01-01T00:00:00.000Z' }, privateKey)
    const wanted: Wanted = { format: 1, id, signed }
    await writeFile(join(at('inbox'), wantedName), JSON.stringify(wanted))
    return wanted
  }
  const said: string[] = []
  return {
    ...{ at, root, config, make, want, said },
    install: () => runInstaller(config, (text) => said.push(text)),
    dpkg: async (file: string) =>
      void (await run('dpkg', [`--root=${root}`, '--force-confold', '--force-confdef', '--install', file])),
  }
}

for (const [version, stage] of [
  ['1.1.0', 'done'],
  ['6.6.6', 'returned'],
] as const) {
  t.test(`what is ${stage} is not begun anew by a start of the machine, and is told again`, { skip }, async (t) => {
    const { make, dpkg, want, install, said, at } = await hostOf(t)
    await dpkg(await make('1.0.0'))
    await want(version, 'first')
    t.match(await install(), { stage, id: 'first' })
    const before = said.length
    await rm(at('run'), { recursive: true })
    t.match(await install(), { stage, id: 'first', version })
    t.equal(said.length, before, 'nothing was done')
    t.match(JSON.parse(await readFile(at('run/outcome.json'), 'utf8')), { stage, id: 'first' })
    await want('1.2.0', 'second')
    t.match(await install(), { stage: 'done', id: 'second' })
  })
}

t.test('what could not be seen afterwards is not installed', { skip }, async (t) => {
  const { make, dpkg, want, config, root } = await hostOf(t)
  await dpkg(await make('1.0.0'))
  await want('1.1.0', 'first')
  const other = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1')
  t.teardown(() => other.close())
  await once(other, 'listening')
  const health = `http://127.0.0.1:${(other.address() as AddressInfo).port}/health`
  const outcome = await runInstaller({ ...config, health }, () => {})
  t.match(outcome, { stage: 'refused', id: 'first', code: 'UPGRADE_UNSEEN', why: health })
  t.equal(await installedIn(root), '1.0.0, install ok installed')
})

t.test('one that was cut off at its very end ends well', { skip }, async (t) => {
  const { make, dpkg, want, install, at, config } = await hostOf(t)
  await dpkg(await make('1.0.0'))
  const { signed } = await want('1.1.0', 'first')
  t.match(await install(), { stage: 'done' })
  // As it was before its record was taken away.
  const record: Installation = {
    ...{ format: 1, id: 'first', version: '1.1.0', sha256: signed.manifest.sha256, phase: 'proving' },
    ...{ tries: 1, connected: true, code: '', why: '' },
  }
  await writeFile(join(config.state_dir, 'installation.json'), JSON.stringify(record))
  await rm(join(config.state_dir, 'answered.json'), { force: true })
  await rm(at('run'), { recursive: true })
  t.match(await install(), { stage: 'done', id: 'first' })
  await want('1.2.0', 'second')
  t.match(await install(), { stage: 'done', id: 'second' })
})

t.test('while somebody else installs something, it waits', { skip }, async (t) => {
  const { make, dpkg, want, install, root } = await hostOf(t)
  await dpkg(await make('1.0.0'))
  await want('1.1.0', 'first')
  const holds = `use Fcntl; open F, '>>', $ARGV[0] or die; my $lock = pack('ssx![q]qqix![q]', F_WRLCK, 0, 0, 0, 0); fcntl(F, F_SETLK, $lock) or die; $|=1; print "held\\n"; sleep 4`
  const other = spawn('perl', ['-e', holds, join(root, 'var/lib/dpkg/lock-frontend')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => other.kill())
  await Promise.race([once(other.stdout, 'data'), once(other, 'exit')])
  await t.rejects(run('dpkg', [`--root=${root}`, '--configure', '--pending']), /locked by another process/)
  t.match(await install(), { stage: 'done', id: 'first' })
  t.equal(await installedIn(root), '1.1.0, install ok installed')
})

t.test('what was edited is kept, however often a release is taken back', { skip }, async (t) => {
  const { make, dpkg, want, install, root } = await hostOf(t)
  const names = ['/etc/heddle/a', '/etc/heddle/b']
  await dpkg(await make('1.0.0', names))
  for (const [index, version] of ['6.0.0', '6.0.1'].entries()) {
    await want(version, `id${index}`, ['/etc/heddle/a', '/etc/heddle/c'])
    await appendFile(join(root, 'etc/heddle/b'), `mine ${index}\n`)
    t.match(await install(), { stage: 'returned' })
    t.equal(await installedIn(root), '1.0.0, install ok installed')
  }
  t.equal(await readFile(join(root, 'etc/heddle/b'), 'utf8'), 'of 1.0.0\nmine 0\nmine 1\n')
  const { stdout } = await run('dpkg-query', [`--root=${root}`, '--status', 'heddle-agent'])
  t.match(stdout, /^ \/etc\/heddle\/b [0-9a-f]{32}/m, 'dpkg knows it as configuration still')
  // As a purge, or the next version with another default of it, sees it.
  await dpkg(await make('1.3.0', names))
  t.equal(await readFile(join(root, 'etc/heddle/b'), 'utf8'), 'of 1.0.0\nmine 0\nmine 1\n')
})
