import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { runUpgrade } from '#agent/upgrade/run-upgrade.ts'
import { SignedRelease } from '#shared/protocol/release.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { run } from '../program.ts'

async function heddle(...args: string[]) {
  const { terminal, out, err } = capturedTerminal()
  const code = await run(['upgrade', ...args], terminal)
  return { code, out: out(), err: err() }
}

t.test('what is signed away from all planes is let in by a host with the public key', async (t) => {
  await using folder = await temporaryFolder('signing')
  const at = (name: string) => join(folder.path, name)
  t.match(await heddle('key', '--out', at('release.key')), { code: 0, out: /release.key.pub/ })
  t.equal((await stat(at('release.key'))).mode & 0o777, 0o600)
  await writeFile(at('heddle.tgz'), 'content')
  const signing = ['sign', at('heddle.tgz'), '--release', '900.1.0', '--key-file', at('release.key')]
  t.match(await heddle(...signing, '--out', at('signed.json')), { code: 0, out: /900.1.0/ })
  const signed = SignedRelease.parse(JSON.parse(await readFile(at('signed.json'), 'utf8')))
  t.match(signed.manifest, { version: '900.1.0', sha256: /^[0-9a-f]{64}$/ })

  await mkdir(at('state'))
  await writeFile(at('agent.yaml'), `state_dir: ${at('state')}\nupgrade: { keys: [${at('release.key.pub')}] }\n`)
  t.equal(await runUpgrade([at('agent.yaml'), at('signed.json'), at('heddle.tgz')], {}), 0)

  t.match(await heddle('key', '--out', at('release.key')), { code: 2, err: /cannot be made/ }, 'no key is written over')
  const wrong = (...more: string[]) =>
    heddle('sign', at('heddle.tgz'), '--key-file', at('release.key'), '--out', at('x'), ...more)
  t.match(await wrong('--release', 'newest'), { code: 2, err: /no version/ })
  t.match(await wrong('--release', '1.0.0', '--not-before', 'soon'), { code: 2, err: /no time/ })
  t.match(await heddle(...signing.toSpliced(1, 1, at('none')), '--out', at('x')), { code: 2, err: /cannot be read/ })
  await chmod(at('release.key.pub'), 0o600)
  t.match(await heddle(...signing.with(5, at('release.key.pub')), '--out', at('x')), { err: /no private key/ })
  await chmod(at('release.key'), 0o644)
  t.match(
    await heddle(...signing, '--out', at('x')),
    { err: /every user of this machine/ },
    'a key that others read signs nothing',
  )
})
