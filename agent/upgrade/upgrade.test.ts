import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { compareVersions } from '#shared/protocol/compare-versions.ts'
import { type ReleaseManifest, type SignedRelease, signRelease } from '#shared/protocol/release.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { agentVersion } from '../version.ts'
import { judgeUpgrade } from './judge-upgrade.ts'
import { raiseFloor, readFloor } from './keep-floor.ts'
import { readKey, runUpgrade } from './run-upgrade.ts'

const ours = generateKeyPairSync('ed25519')
const others = generateKeyPairSync('ed25519')
const sha256 = 'ab'.repeat(32)
const manifest: ReleaseManifest = { version: '1.4.0', sha256, not_before: '2026-01-01T00:00:00.000Z' }
const now = Date.parse('2026-06-01T00:00:00Z')
const judge = (signed: unknown, more: object = {}) =>
  judgeUpgrade({ signed, sha256, keys: [ours.publicKey], floor: '1.3.9', now, ...more })
const signed = signRelease(manifest, ours.privateKey)
const changed = (change: Partial<ReleaseManifest>): SignedRelease => ({
  ...signed,
  manifest: { ...manifest, ...change },
})

t.test('what was signed by a key that the host trusts may be installed', async (t) => {
  t.strictSame(judge(signed), { may: 'install', manifest })
  t.match(judge(signed, { keys: [others.publicKey, ours.publicKey] }), { may: 'install' })
  t.match(judge(signed, { floor: '1.4.0' }), { may: 'install' }, 'the same version again is no step back')
})

for (const [what, release, code, more = {}] of [
  ['a host without keys', signed, 'UPGRADE_OFF', { keys: [] }],
  ['nothing', undefined, 'UPGRADE_UNSIGNED'],
  ['a manifest without a signature', { format: 1, manifest }, 'UPGRADE_UNSIGNED'],
  ['a key that the host does not trust', signRelease(manifest, others.privateKey), 'UPGRADE_UNSIGNED'],
  [
    'a signature of another under the name of ours',
    { ...signRelease(manifest, others.privateKey), key: signed.key },
    'UPGRADE_UNSIGNED',
  ],
  ['another version than was signed', changed({ version: '1.4.1' }), 'UPGRADE_UNSIGNED'],
  ['another file than was signed, in the manifest', changed({ sha256: 'cd'.repeat(32) }), 'UPGRADE_UNSIGNED'],
  ['another day than was signed', changed({ not_before: '2025-01-01T00:00:00.000Z' }), 'UPGRADE_UNSIGNED'],
  ['more than a manifest', { ...signed, manifest: { ...manifest, run: 'rm' } }, 'UPGRADE_UNSIGNED'],
  ['another file', signed, 'UPGRADE_CONTENT', { sha256: 'cd'.repeat(32) }],
  ['an older version', signed, 'UPGRADE_TOO_OLD', { floor: '1.4.1' }],
  ['a former version of the one that was here', signed, 'UPGRADE_TOO_OLD', { floor: '1.10.0-rc.1' }],
  ['a floor that is no version', signed, 'UPGRADE_TOO_OLD', { floor: '1.x.0' }],
  ['a host that lost what was here', signed, 'UPGRADE_FLOOR', { floor: undefined }],
  ['a day too early', signed, 'UPGRADE_TOO_EARLY', { now: Date.parse(manifest.not_before) - 1 }],
] as const) {
  t.test(`${what}: nothing is installed`, async (t) => t.match(judge(release, more), { may: 'nothing', code }))
}

t.test('no other text passes for what was signed', async (t) => {
  const version = fc.stringMatching(/^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$/)
  const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
  const day = fc.date({ min: new Date(0), max: new Date(now), noInvalidDate: true }).map((date) => date.toISOString())
  fc.assert(
    fc.property(version, hash, day, (version, sha256, not_before) => {
      const other = { version, sha256, not_before }
      const answer = judge({ ...signed, manifest: other }, { sha256, floor: '0.0.0' })
      const own = judge(signRelease(other, ours.privateKey), { sha256, floor: '0.0.0' })
      return answer.may === 'nothing' && own.may === 'install'
    }),
  )
  t.pass()
})

t.test('versions are ordered as semver.org has it', async (t) => {
  const ordered = [
    '0.9.9',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
  ]
  ordered.push('1.0.0', '1.0.1', '1.2.0', '1.10.0', '2.0.0')
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) t.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`)
  }
  t.equal(compareVersions('1.0.0+a', '1.0.0+b'), 0)
})

t.test('the floor only rises, and counts what runs', async (t) => {
  await using folder = await temporaryFolder('floor')
  t.equal(await readFloor(folder.path, '1.0.0'), '1.0.0', 'nothing is kept yet')
  await raiseFloor(folder.path, '1.2.0')
  await raiseFloor(folder.path, '1.1.0')
  t.equal(await readFloor(folder.path, '1.0.0'), '1.2.0')
  t.equal(await readFloor(folder.path, '1.3.0'), '1.3.0')
  await writeFile(join(folder.path, 'upgrade-floor.json'), '{')
  t.equal(await readFloor(folder.path, '1.0.0'), undefined)
  await t.rejects(raiseFloor(folder.path, '9.0.0'), 'what cannot be read is not written over')
  t.equal(await readFile(join(folder.path, 'upgrade-floor.json'), 'utf8'), '{')
})

const pem = (key: KeyObject, type: 'spki' | 'pkcs8') => key.export({ type, format: 'pem' }).toString()

t.test('the command lets in what is signed, once it is a step forward, and remembers it', async (t) => {
  await using folder = await temporaryFolder('upgrade')
  const at = (name: string) => join(folder.path, name)
  const [config, release, file] = [at('agent.yaml'), at('signed.json'), at('heddle.tgz')]
  await writeFile(at('key.pem'), pem(ours.publicKey, 'spki'))
  await writeFile(config, `state_dir: ${at('state')}\nupgrade: { keys: [${at('key.pem')}] }\n`)
  const make = async (version: string, content = version) => {
    await writeFile(file, content)
    const sha256 = createHash('sha256').update(content).digest('hex')
    const signed = signRelease({ version, sha256, not_before: manifest.not_before }, ours.privateKey)
    await writeFile(release, JSON.stringify(signed))
  }
  const run = (...more: string[]) => runUpgrade([config, release, file, ...more], {})
  await make('900.0.0')
  t.equal(await run('--dry-run'), 0)
  t.equal(await readFloor(at('state'), agentVersion()), agentVersion())
  t.equal(await run(), 0)
  t.equal(await readFloor(at('state'), agentVersion()), '900.0.0')
  await make('899.9.9')
  await t.rejects(run(), { code: 'UPGRADE_TOO_OLD' })
  await make('901.0.0')
  await writeFile(file, 'another')
  await t.rejects(run(), { code: 'UPGRADE_CONTENT' })
  await rm(file)
  await t.rejects(run(), { code: 'UPGRADE_CONTENT' })
  await make('901.0.0')
  await writeFile(release, 'no JSON')
  await t.rejects(run(), { code: 'UPGRADE_UNSIGNED' })
  t.equal(await runUpgrade([config], {}), 3)
  t.equal(await runUpgrade(['--help']), 0)
  await writeFile(at('key.pem'), pem(ours.privateKey, 'pkcs8'))
  await t.rejects(run(), { code: 'UPGRADE_KEY' }, 'who could sign must not lie on the host')
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(at('key.pem'), pem(publicKey, 'spki'))
  await t.rejects(readKey(at('key.pem')), { code: 'UPGRADE_KEY' })
})
