import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { Browser } from '#test/support/sign-in/browser.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(120_000)

await using folder = await temporaryFolder('cli-user')
await using plane = await RunningPlane.start({ settings: { access: { required: true } } })
const admin = join(folder.path, 'admin')
plane.tokenFile = `${plane.store}-first-token`
t.equal((await plane.heddle('token', 'create', 'root', '--role', 'admin', '--out', admin, '--reason', 'x')).code, 0)
plane.tokenFile = admin

const user = async (...args: readonly string[]) => {
  const reason = /^(list|sessions)$/.test(args[0] ?? '') ? [] : ['--reason', 'test']
  const { code, out, err } = await plane.heddle('user', ...args, ...reason)
  return { code, text: out + err }
}

await t.test('somebody is made, invited and signed in', async (t) => {
  t.match(await user('create', '安娜', '--role', 'operator', '--email', 'anna@example.org'), {
    code: 0,
    text: /安娜: operator, inactive\. Next: heddle user invite 安娜/,
  })
  t.match(await user('create', '安娜', '--role', 'viewer'), { text: /USER_TAKEN/ })
  t.match(await user('list'), { code: 0, text: /admin +admin +admin +inactive +links +never/ })
  const file = join(folder.path, 'link')
  t.match(await user('invite', '安娜', '--expires', '1h', '--out', file), { code: 0, text: /It is in / })
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.match(await user('invite', '安娜'), { code: 0, text: /#hdll1\.[\s\S]*not shown again/ })
  const [page = '', token = ''] = (await readFile(file, 'utf8')).trim().split('#')
  const browser = new Browser()
  const headers = { 'content-type': 'application/json' }
  const open = (token: string) =>
    browser.visit(`${page}/link`, { method: 'POST', headers, body: JSON.stringify({ token }) })
  t.equal((await open(token)).status, 403, 'a newer one has taken its place')
  const { text } = await user('invite', '安娜')
  t.equal((await open(/hdll1\.\S+/.exec(text)?.[0] ?? '')).status, 200)
  t.match(await user('list'), { text: /安娜 .* active +links +\S+ ago/ })
})

await t.test('sessions are listed and ended, and people changed', async (t) => {
  const { text } = await user('sessions')
  const [, id = ''] = /^([a-z2-7]{10}) +安娜 +link/m.exec(text) ?? []
  t.match(await user('end-session', id), { code: 0, text: `Session ${id} of 安娜 has ended.` })
  t.match(await user('sessions'), { code: 0, text: /Nobody is signed in/ })
  t.match(await user('end-session', id), { text: /There is no session/ })
  t.match(await user('role', '安娜', 'viewer'), { code: 0, text: /viewer, active/ })
  t.match(await user('suspend', '安娜'), { code: 0, text: /viewer, suspended\.$/m })
  t.match(await user('invite', '安娜'), { text: /is suspended/ })
  t.match(await user('resume', '安娜'), { code: 0, text: /active/ })
  t.match(await user('resume', '安娜'), { text: /is not suspended/ })
  t.match(await user('suspend', 'nobody'), { text: /There is no user nobody/ })
})
