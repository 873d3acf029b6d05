import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { freePorts } from '#test/support/ports.ts'
import { Browser } from '#test/support/sign-in/browser.ts'
import { client, TestProvider } from '#test/support/sign-in/provider.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(120_000)

await using folder = await temporaryFolder('sign-in')
const [port = 0] = await freePorts(1)
const url = `http://127.0.0.1:${port}`
await using provider = await TestProvider.start([`${url}/sign-in/oidc/callback`])
const secretFile = join(folder.path, 'client-secret')
await writeFile(secretFile, `${client.secret}\n`, { mode: 0o600 })
provider.people.set('u-1', { preferred_username: '安娜', groups: ['heddle-ops', 'other'] })
provider.people.set('u-2', { preferred_username: 'admin', groups: ['admin', 'administrators'] })
provider.people.set('u-3', { preferred_username: 'root', groups: ['heddle-admins', 'heddle-ops'] })

const oidc = (more: object = {}) => ({
  issuer: provider.issuer,
  client_id: client.id,
  client_secret_file: secretFile,
  name: 'Test <IdP>',
  roles: { 'heddle-ops': 'operator', 'heddle-admins': 'admin' },
  ...more,
})

await using plane = await RunningPlane.start({
  settings: { api: { port }, access: { url, oidc: oidc(), sign_ins_per_minute: 1_000 } },
})

const callback = (address: string) => address.startsWith(`${url}/sign-in/oidc/callback`)

async function signIn(browser = new Browser()) {
  const seen = await browser.follow(`${url}/sign-in/oidc`)
  return { browser, seen }
}

/** Where the provider sends somebody back to. */
async function comesBack(browser: Browser, change: (url: URL) => void = () => {}): Promise<string> {
  const { location = '' } = await browser.visit(`${url}/sign-in/oidc`)
  const asked = new URL(location)
  change(asked)
  const seen = await browser.follow(asked.href, callback)
  return seen.url
}

const who = async (browser: Browser) => {
  const { status, text } = await browser.visit(`${url}/v1/access`)
  return status === 200 ? (JSON.parse(text) as { name: string; role: string; csrf: string }) : undefined
}

await t.test('who is in a group that gives a role is signed in with it', async (t) => {
  const { browser, seen } = await signIn()
  t.equal(seen.status, 200)
  t.match(seen.text, /signed in as 安娜 \(operator\)/)
  t.match(await who(browser), { kind: 'person', name: 'user:安娜', role: 'operator' })
  t.equal((await browser.visit(`${url}/v1/nodes`)).status, 200)
  t.equal((await browser.visit(`${url}/v1/tokens`)).status, 403)
  const again = await signIn()
  t.equal((await who(again.browser))?.name, 'user:安娜', 'and is the same one the next time')
})

await t.test('nobody is an admin by what he is called, nor by a group that only sounds so', async (t) => {
  provider.person = 'u-2'
  const { browser, seen } = await signIn()
  t.match(seen.url, /said=no-role/)
  t.equal(await who(browser), undefined)
  provider.person = 'u-3'
  const { browser: admin } = await signIn()
  t.match(await who(admin), { role: 'admin', name: 'user:root' }, 'but by one that settings name')
  provider.person = 'u-1'
})

await t.test('what the browser is sent has PKCE, a state and a nonce, and comes back to one address', async (t) => {
  const { location = '' } = await new Browser().visit(`${url}/sign-in/oidc`)
  const asked = new URL(location).searchParams
  t.equal(asked.get('code_challenge_method'), 'S256')
  t.equal(asked.get('redirect_uri'), `${url}/sign-in/oidc/callback`)
  t.equal(asked.get('response_type'), 'code')
  for (const name of ['code_challenge', 'state', 'nonce']) t.match(asked.get(name), /^[\w-]{43}$/, name)
  const second = new URL((await new Browser().visit(`${url}/sign-in/oidc`)).location ?? '').searchParams
  for (const name of ['code_challenge', 'state', 'nonce']) t.not(asked.get(name), second.get(name), name)
  t.notMatch(location, client.secret)
})

await t.test('what came back once counts no more, in this browser and in another', async (t) => {
  const browser = new Browser()
  const cookie = () => browser.cookie(url, 'heddle-sign-in') ?? ''
  const back = await comesBack(browser)
  const kept = cookie()
  t.match((await browser.follow(back)).text, /signed in as/)
  t.equal(cookie(), '')
  const other = new Browser()
  for (const value of [undefined, kept]) {
    if (value !== undefined) other.set(url, 'heddle-sign-in', value)
    t.match((await other.follow(back)).url, /said=refused/)
    t.equal(await who(other), undefined)
  }
})

await t.test('nobody signs somebody else in as himself, by an address that he makes him open', async (t) => {
  const back = await comesBack(new Browser())
  const victim = new Browser()
  t.match((await victim.follow(back)).url, /said=refused/)
  const begun = new Browser()
  await begun.visit(`${url}/sign-in/oidc`)
  t.match((await begun.follow(back)).url, /said=refused/, 'not even where one has begun it too')
  t.equal(await who(begun), undefined)
})

for (const { title, change } of [
  { title: 'another nonce', change: (asked: URL) => asked.searchParams.set('nonce', 'x'.repeat(43)) },
  { title: 'another challenge', change: (asked: URL) => asked.searchParams.set('code_challenge', 'x'.repeat(43)) },
  { title: 'another state', change: (asked: URL) => asked.searchParams.set('state', 'x'.repeat(43)) },
]) {
  await t.test(`who comes back with ${title} is not let in`, async (t) => {
    const browser = new Browser()
    const back = await comesBack(browser, change)
    t.match((await browser.follow(back)).url, /said=refused/)
    t.equal(await who(browser), undefined)
  })
}

const now = () => Math.floor(Date.now() / 1000)
for (const { title, tamper, forge = false } of [
  { title: 'is over', tamper: () => ({ exp: now() - 3_600, iat: now() - 7_200 }) },
  { title: 'comes from another issuer', tamper: () => ({ iss: 'https://idp.example' }) },
  { title: 'is for somebody else', tamper: () => ({ aud: 'another' }) },
  { title: 'has another nonce', tamper: () => ({ nonce: 'x'.repeat(43) }) },
  { title: 'has no nonce', tamper: () => ({ nonce: undefined }) },
  { title: 'is signed by another key', tamper: () => ({}), forge: true },
]) {
  await t.test(`an ID token that ${title} proves nobody`, async (t) => {
    provider.tamper = (claims) => ({ ...claims, ...tamper() })
    provider.forge = forge
    t.teardown(() => {
      provider.tamper = undefined
      provider.forge = false
    })
    const { browser, seen } = await signIn()
    t.match(seen.url, /said=refused/)
    t.equal(await who(browser), undefined)
  })
}

await t.test('whom the provider refuses is refused', async (t) => {
  provider.person = undefined
  const { seen } = await signIn()
  t.match(seen.url, /said=refused/)
  provider.person = 'u-1'
})

await t.test('from whom the provider has taken his group is signed out everywhere', async (t) => {
  const { browser } = await signIn()
  t.ok(await who(browser))
  provider.people.set('u-1', { preferred_username: '安娜', groups: ['other'] })
  const { seen } = await signIn()
  t.match(seen.url, /said=no-role/)
  t.equal(await who(browser), undefined)
  provider.people.set('u-1', { preferred_username: '安娜', groups: ['heddle-ops'] })
})

await t.test('nothing of it stands in the log', async (t) => {
  t.notMatch(plane.output, /provider-secret-4711|[?&]code=|hdls1\.|hdll1\./)
})
