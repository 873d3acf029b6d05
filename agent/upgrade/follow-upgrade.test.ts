import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Outcome, packageName, Wanted, wantedName } from '#shared/protocol/hand-over.ts'
import { signRelease } from '#shared/protocol/release.ts'
import type { UpgradeOrder } from '#shared/protocol/upgrade.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { waitFor } from '#test/support/wait.ts'
import { UpgradeFollower } from './follow-upgrade.ts'

const withinMs = 10_000
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const content = Buffer.from('a package')
const sha256 = createHash('sha256').update(content).digest('hex')
const orderOf = (version: string): UpgradeOrder => ({
  signed: signRelease({ version, sha256, not_before: '2020-01-01T00:00:00.000Z' }, privateKey),
  bytes: content.length,
})
const next = orderOf('900.0.0')

/** A host whose file is there already, and whose installer has said this last. */
async function hostOf(t: Test) {
  const folder = await temporaryFolder('follow')
  t.teardown(() => folder[Symbol.asyncDispose]())
  const inbox = join(folder.path, 'upgrade')
  const outcome = join(folder.path, 'outcome.json')
  await mkdir(inbox)
  await writeFile(join(inbox, packageName(sha256)), content)
  await writeFile(join(folder.path, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
  const answer = (said: Partial<Outcome>) =>
    writeFile(outcome, JSON.stringify({ format: 1, stage: 'idle', id: '', version: '', code: '', why: '', ...said }))
  await answer({})
  const start = async (version: string) => {
    const follower = await UpgradeFollower.open({
      ...{ stateDir: folder.path, version, stop: new AbortController().signal, log: quiet, tellAgainMs: 100 },
      config: () => ({ keys: [join(folder.path, 'key.pub')], outcome }),
      onChange: () => {},
      plane: () => '',
      ready: async () => ({ kind: 'failed', why: 'no plane is asked here' }),
    })
    t.teardown(() => follower[Symbol.asyncDispose]())
    return follower
  }
  const wanted = async () => Wanted.parse(JSON.parse(await readFile(join(inbox, wantedName), 'utf8')))
  return { inbox, answer, start, wanted }
}

const stageOf = (follower: UpgradeFollower, stage: string) =>
  waitFor(() => follower.doing.stage, { what: stage, withinMs, until: (seen) => seen === stage })

t.test('an installer that did not hear it is told again, of the same', async (t) => {
  const { inbox, start, wanted, answer } = await hostOf(t)
  const follower = await start('1.0.0')
  follower.want(next)
  await stageOf(follower, 'handed')
  const { id } = await wanted()
  const { ino } = await stat(join(inbox, wantedName))
  await waitFor(() => stat(join(inbox, wantedName)), {
    what: 'another file',
    withinMs,
    until: (seen) => seen.ino !== ino,
  })
  t.equal((await wanted()).id, id)
  await answer({ stage: 'installing', id, version: '900.0.0' })
  await stageOf(follower, 'installing')
})

t.test('what was installed once, and taken back by hand since, is handed over anew', async (t) => {
  const { start, wanted, answer } = await hostOf(t)
  const first = await start('1.0.0')
  first.want(next)
  await stageOf(first, 'handed')
  const { id } = await wanted()
  await first[Symbol.asyncDispose]()
  await answer({ stage: 'done', id, version: '900.0.0' })
  const follower = await start('1.0.0')
  follower.want(next)
  await waitFor(wanted, { what: 'another try', withinMs, until: (seen) => seen.id !== id })
})

t.test('what the installer took back is not handed over anew', async (t) => {
  const { start, wanted, answer } = await hostOf(t)
  const first = await start('1.0.0')
  first.want(next)
  await stageOf(first, 'handed')
  const { id } = await wanted()
  await first[Symbol.asyncDispose]()
  // The new one is proven, and hears that it is what is wanted.
  const proven = await start('900.0.0')
  proven.want(next)
  await proven[Symbol.asyncDispose]()
  t.equal((await wanted()).id, id)
  await answer({ stage: 'returned', id, version: '900.0.0', code: 'UPGRADE_RETURNED', why: 'ill' })
  const back = await start('1.0.0')
  back.want(next)
  await stageOf(back, 'failed')
  t.equal((await wanted()).id, id)
})

t.test('what is wanted no more is taken back, also where another start of the agent wanted it', async (t) => {
  const { inbox, start, wanted } = await hostOf(t)
  const first = await start('1.0.0')
  first.want(next)
  await stageOf(first, 'handed')
  await first[Symbol.asyncDispose]()
  t.ok(await wanted())
  const follower = await start('1.0.0')
  follower.want(null)
  const isThere = () =>
    stat(join(inbox, wantedName)).then(
      () => true,
      () => false,
    )
  await waitFor(isThere, { what: 'it to be gone', withinMs, until: (there) => !there })
  await rm(inbox, { recursive: true })
})
