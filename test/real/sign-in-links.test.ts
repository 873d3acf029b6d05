import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import t from 'tap'
import type { UserLinkView, UserView } from '#shared/access/people-api.ts'
import { Browser } from '#test/support/sign-in/browser.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(120_000)

await using plane = await RunningPlane.start({ settings: { access: { required: true } } })
const { url } = plane
const json = { 'content-type': 'application/json' }
const ours = { ...json, 'sec-fetch-site': 'same-origin' }

/** What the page does with the link that somebody opens. */
function open(browser: Browser, link: string, headers: Readonly<Record<string, string>> = ours) {
  const [page = '', token = ''] = link.trim().split('#')
  return browser.visit(`${page}/link`, { method: 'POST', body: JSON.stringify({ token }), headers })
}

type Who = { readonly name: string; readonly role: string; readonly csrf: string }
async function who(browser: Browser): Promise<Who | undefined> {
  const { status, text } = await browser.visit(`${url}/v1/access`)
  return status === 200 ? (JSON.parse(text) as Who) : undefined
}

/** A change as a page of the plane makes it. */
async function change<T>(browser: Browser, path: string, body: object, method = 'POST') {
  const csrf = (await who(browser))?.csrf ?? ''
  const headers = { ...ours, 'x-heddle-csrf': csrf }
  const seen = await browser.visit(`${url}${path}`, { method, headers, body: JSON.stringify(body) })
  return { ...seen, view: (seen.status === 200 ? JSON.parse(seen.text) : undefined) as T }
}

const file = `${plane.store}-first-sign-in`
const admin = new Browser()
const reason = 'test'

await t.test('the link of the first start is in a file of the plane alone, and makes an admin, once', async (t) => {
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const link = await readFile(file, 'utf8')
  t.match(link.trim(), /^http:\/\/127\.0\.0\.1:\d+\/sign-in#hdll1\.[a-z2-7]{10}\.[\w-]{43}$/)
  t.notMatch(plane.output, /hdll1\./)
  const page = await new Browser().visit(link.trim().split('#')[0] ?? '')
  t.equal(page.status, 200, 'who only looks at it')
  t.equal((await open(admin, link.replace(/.{5}\n$/, 'aaaaa\n'))).status, 403, 'who has not all of it')
  const several = await Promise.all([admin, new Browser(), new Browser()].map((browser) => open(browser, link)))
  t.equal(several.filter(({ status }) => status === 200).length, 1)
  t.equal((await readdir(dirname(file))).filter((name) => /first-sign-in\./.test(name)).length, 0)
})

/** Whoever of the three it was. */
await t.test('somebody who is let in again by root makes the rest', async (t) => {
  const first = (await readFile(`${plane.store}-first-token`, 'utf8')).trim()
  const made = await fetch(`${url}/v1/tokens`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${first}` },
    body: JSON.stringify({ name: 'root', role: 'admin', reason }),
  })
  const { token } = (await made.json()) as { token: string }
  const answer = await fetch(`${url}/v1/users/admin/links`, {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${token}` },
    body: JSON.stringify({ reason }),
  })
  const { link } = (await answer.json()) as UserLinkView
  t.equal((await open(admin, link)).status, 200)
  t.match(await who(admin), { kind: 'person', name: 'user:admin', role: 'admin' })
})

/** Makes somebody, and signs him in. */
async function person(username: string, role: string): Promise<{ readonly browser: Browser; readonly user: UserView }> {
  const { view: user } = await change<UserView>(admin, '/v1/users', { username, role, reason })
  const { view } = await change<UserLinkView>(admin, `/v1/users/${user.id}/links`, { reason })
  const browser = new Browser()
  await open(browser, view.link)
  return { browser, user }
}

await t.test('a change needs the page of the plane and the token of the session', async (t) => {
  const { browser } = await person('olga', 'operator')
  const { csrf = '' } = (await who(browser)) ?? {}
  const freeze = (headers: Readonly<Record<string, string>>) =>
    browser.visit(`${url}/v1/freeze`, { method: 'POST', headers, body: JSON.stringify({ by: 'x', reason }) })
  for (const headers of [
    json,
    { ...json, 'x-heddle-csrf': csrf },
    ours,
    { ...ours, 'x-heddle-csrf': 'x' },
    { ...ours, 'x-heddle-csrf': (await who(admin))?.csrf ?? '' },
    { ...json, 'sec-fetch-site': 'cross-site', 'x-heddle-csrf': csrf },
    { ...json, 'sec-fetch-site': 'same-site', 'x-heddle-csrf': csrf },
    { ...json, origin: 'https://evil.example', 'x-heddle-csrf': csrf },
  ]) {
    const { status, text } = await freeze(headers)
    t.equal(status, 403, JSON.stringify(headers))
    t.match(text, 'CROSS_SITE')
  }
  t.equal((await freeze({ ...json, origin: url, 'x-heddle-csrf': csrf })).status, 200)
  t.equal((await change(browser, '/v1/thaw', { by: 'x', reason })).status, 200)
  const foreign = await browser.visit(`${url}/v1/nodes`, { headers: { 'sec-fetch-site': 'cross-site' } })
  t.equal(foreign.status, 401, 'and nobody else’s page reads by it')
  const { text } = await admin.visit(`${url}/v1/audit`)
  t.match(text, /"caller":"user:olga"/)
})

await t.test('a session that was there before is not the one of who signs in', async (t) => {
  const { view } = await change<UserLinkView>(admin, '/v1/users/viewer/links', { reason })
  const browser = new Browser()
  const planted = `hdls1.aaaaaaaaaa.${'A'.repeat(43)}`
  browser.set(url, 'heddle', planted)
  await open(browser, view.link)
  t.not(browser.cookie(url, 'heddle'), planted)
  const before = browser.cookie(url, 'heddle') ?? ''
  t.match(await who(browser), { name: 'user:viewer' })
  const next = await change<UserLinkView>(admin, '/v1/users/viewer/links', { reason })
  await open(browser, next.view.link)
  t.not(browser.cookie(url, 'heddle'), before)
  const old = new Browser()
  old.set(url, 'heddle', before)
  t.equal(await who(old), undefined, 'the one before has ended')
  t.equal((await old.visit(`${url}/v1/nodes`, { headers: { authorization: `Bearer ${before}` } })).status, 401)
})

await t.test('what a page of somebody else sends signs nobody in or out', async (t) => {
  const { view } = await change<UserLinkView>(admin, '/v1/users/viewer/links', { reason })
  const browser = new Browser()
  const answer = await open(browser, view.link, { ...json, 'sec-fetch-site': 'cross-site' })
  t.equal(answer.status, 403)
  t.equal((await open(browser, view.link)).status, 200, 'and it is not used up')
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const [headers, body] of [
    [{ ...form, 'sec-fetch-site': 'cross-site' }, `csrf=${(await who(browser))?.csrf}`],
    [{ ...form, 'sec-fetch-site': 'same-origin' }, 'csrf=x'],
  ] as const) {
    t.equal((await browser.visit(`${url}/sign-out`, { method: 'POST', headers, body })).status, 403)
  }
  const page = await browser.visit(`${url}/sign-in?lang=zh`)
  t.match(page.text, '您已登录：viewer')
  const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? []
  const headers = { ...form, 'sec-fetch-site': 'same-origin' }
  const out = await browser.visit(`${url}/sign-out`, { method: 'POST', headers, body: `csrf=${csrf}` })
  t.equal(out.status, 303)
  t.equal(await who(browser), undefined)
})

await t.test('who gets another role, is suspended or signed out is out at once, with what he reads', async (t) => {
  const ends = [
    (user: UserView) => change(admin, `/v1/users/${user.id}/role`, { role: 'viewer', reason }, 'PUT'),
    (user: UserView) => change(admin, `/v1/users/${user.id}/suspend`, { reason }),
    async (user: UserView) => {
      const { text } = await admin.visit(`${url}/v1/sessions`)
      const found = (JSON.parse(text) as { id: string; user: string }[]).find((each) => each.user === user.username)
      return change(admin, `/v1/sessions/${found?.id}/end`, { reason })
    },
  ]
  for (const [index, end] of ends.entries()) {
    const { browser, user } = await person(`p${index}`, 'operator')
    const following = await fetch(`${url}/v1/events?follow=true`, {
      headers: { cookie: `heddle=${browser.cookie(url, 'heddle')}`, accept: 'text/event-stream' },
    })
    t.equal(following.status, 200)
    const read = following.body?.getReader()
    const over = (async () => {
      for (;;) {
        const part = await read?.read().catch(() => undefined)
        if (!part || part.done) return true
      }
    })()
    t.equal((await end(user)).status, 200)
    t.equal(await who(browser), undefined)
    t.equal(await over, true)
  }
})

await t.test('nobody gives more than he has', async (t) => {
  const made = await change<{ token: string }>(admin, '/v1/tokens', {
    name: 'invites',
    permissions: ['users:write', 'users:read', 'fleet:read'],
    reason,
  })
  const ask = (method: string, path: string, body: object) =>
    fetch(`${url}${path}`, {
      method,
      headers: { ...json, authorization: `Bearer ${made.view.token}` },
      body: JSON.stringify({ ...body, reason }),
    })
  t.equal((await ask('POST', '/v1/users', { username: 'x', role: 'admin' })).status, 403)
  t.equal((await ask('POST', '/v1/users/admin/links', {})).status, 403)
  t.equal((await ask('POST', '/v1/users/admin/suspend', {})).status, 403)
  t.equal((await ask('PUT', '/v1/users/viewer/role', { role: 'operator' })).status, 403)
})

await t.test(
  'who shows many links that do not count is refused for a while, and others of his address go on',
  async (t) => {
    const { view } = await change<UserLinkView>(admin, '/v1/users/viewer/links', { reason })
    const thief = new Browser()
    let status = 0
    for (let tries = 0; tries < 40 && status !== 429; tries += 1) {
      status = (await open(thief, `${url}/sign-in#hdll1.aaaaaaaaaa.${'B'.repeat(43)}`)).status
    }
    t.equal(status, 429)
    t.equal((await open(new Browser(), view.link)).status, 200)
    t.match(await who(admin), { name: 'user:admin' })
  },
)

await t.test('after a restart who is signed in is signed in still, and no new link is made', async (t) => {
  const before = await stat(file)
  await plane.stop()
  await plane.start()
  t.match(await waitFor(() => who(admin), { what: 'the session', withinMs: 20_000 }), { name: 'user:admin' })
  t.equal((await stat(file)).mtimeMs, before.mtimeMs)
})
