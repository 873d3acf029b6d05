import { chmod, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { RunningAgent } from '#test/support/start-agent.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(90_000)
const planted = 'planted-4711-in-the-environment'
process.env.PLANTED_PASSWORD = planted
const withinMs = 25_000

await using plane = await TlsPlane.start()

await t.test('an agent that logs all it can tells none of its secrets', async (t) => {
  const token = (await plane.token()).trim()
  const [, , secret = ''] = token.split('.')
  t.ok(secret.length > 20)
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    services: [{ name: 'env', port: 1, checks: [{ kind: 'command', command: 'env', interval: '200ms' }] }],
    more: {
      identity: { token_file: plane.tokenFile },
      commands: { env: { run: ['/bin/sh', '-c', 'env | tr "\\n" " "; ls -l /proc/self/fd'] } },
      logging: { level: 'trace' },
    },
  })
  const health = async () => JSON.parse(await agent.page('/health'))
  await waitFor(async () => (await health()).session.state === 'connected', { what: 'the session', withinMs })
  const checks = async () => (await fetch(`${agent.adminUrl}/checks`, { signal: AbortSignal.timeout(5_000) })).text()
  const said = await waitFor(checks, { what: 'what its command says', withinMs, until: (text) => /PATH=/.test(text) })
  const key = await readFile(join(agent.stateDir, 'identity/key.pem'), 'utf8')
  // Its public half, which stands in the last line, is in the certificate too.
  const keyText = key.split('\n').filter((line) => line.length === 64)
  t.equal(keyText.length, 2)
  await agent.stop()
  const files = (await readdir(agent.stateDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name !== 'key.pem')
    .map((entry) => join(entry.parentPath, entry.name))
  const state = await Promise.all(files.map((file) => readFile(file, 'latin1')))
  for (const [what, secrets] of [
    ['its token', [token, secret]],
    ['its key', keyText],
    ['the environment', [planted]],
  ] as const) {
    for (const each of secrets) {
      t.notOk(agent.output.includes(each), `${what} is not in its log`)
      t.notOk(said.includes(each), `${what} is not on its pages`)
      t.notOk(state.join('\n').includes(each), `${what} is not in its state`)
    }
  }
  t.match(agent.output, /agent ends/, 'all of its log was looked at')
})

await t.test('an enrolment token that others may read lets nobody in', async (t) => {
  await chmod(plane.tokenFile, 0o644)
  await using agent = await RunningAgent.start({
    planes: [plane.url],
    more: { identity: { token_file: plane.tokenFile } },
  })
  const health = async () => JSON.parse(await agent.page('/health'))
  const state = await waitFor(health, {
    what: 'why it is not let in',
    withinMs,
    until: (seen) => JSON.stringify(seen).includes('every user of this machine'),
  })
  t.not(state.session.state, 'connected')
})
