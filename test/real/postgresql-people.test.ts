import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '#test/support/folder.ts'
import { answers, Program, writeYaml } from '#test/support/landscape/program.ts'
import { freePorts } from '#test/support/ports.ts'
import { Browser } from '#test/support/sign-in/browser.ts'
import { client, TestProvider } from '#test/support/sign-in/provider.ts'
import { PostgresqlKind } from '#test/support/store/kinds.ts'
import { peopleSuite } from '#test/support/store/people-suite.ts'
import { settingsOn } from '#test/support/store/plane-on.ts'
import { postgresqlPrograms } from '#test/support/store/postgresql.ts'
import { waitFor } from '#test/support/wait.ts'

t.setTimeout(150_000)

async function isOver({ body }: Response): Promise<boolean> {
  const reader = body?.getReader()
  for (;;) {
    const part = await reader?.read().catch(() => undefined)
    if (!part || part.done) return true
  }
}

const skip = (await postgresqlPrograms()) ? false : 'PostgreSQL is not on this machine'
await t.test('people in a PostgreSQL that planes share', { skip }, async (t) => {
  await using kind = await PostgresqlKind.start()
  await t.test('are kept as in SQLite', async (t) => peopleSuite(t, kind))

  await t.test('are signed in at all planes, and out within two seconds', async (t) => {
    await using folder = await temporaryFolder('people')
    const place = await kind.place()
    const [one = 0, two = 0, ...xds] = await freePorts(4)
    await using provider = await TestProvider.start([`http://127.0.0.1:${one}/sign-in/oidc/callback`])
    provider.people.set('u-1', { groups: ['ops'] })
    const secretFile = join(folder.path, 'client-secret')
    await writeFile(secretFile, client.secret, { mode: 0o600 })
    const oidc = {
      ...{ issuer: provider.issuer, client_id: client.id, client_secret_file: secretFile },
      roles: { ops: 'operator' },
    }
    const start = async (port: number, name: string, xdsPort: number) => {
      const file = await writeYaml(join(folder.path, `${name}.yaml`), {
        api: { port },
        routing: { xds: { port: xdsPort } },
        ...settingsOn(place, join(folder.path, `${name}.db`)),
        access: { required: true, url: `http://127.0.0.1:${one}`, oidc },
      })
      const url = `http://127.0.0.1:${port}`
      const program = new Program(name, 'control-plane/main.ts', file, answers(`${url}/health`))
      await program.start()
      return { url, program }
    }
    const first = await start(one, 'one', xds[0] ?? 0)
    await using _first = first.program
    const second = await start(two, 'two', xds[1] ?? 0)
    await using _second = second.program
    await t.test('whoever went to his provider from one plane comes back to another', async (t) => {
      const gone = new Browser()
      const { location = '' } = await gone.visit(`${first.url}/sign-in/oidc`)
      const back = await gone.follow(location, (address) => address.startsWith(`${first.url}/sign-in/oidc/callback`))
      const here = new Browser()
      here.set(second.url, 'heddle-sign-in', gone.cookie(first.url, 'heddle-sign-in') ?? '')
      const callback = back.url.replace(first.url, second.url)
      t.match((await here.visit(callback)).location, `${second.url}/sign-in`)
      t.match((await here.visit(`${second.url}/v1/access`)).text, /"user:u-1"/)
      t.match((await gone.visit(back.url)).location, /said=refused/, 'once')
    })
    const link = await readFile(join(folder.path, 'one.db-first-sign-in'), 'utf8')
    const [, token = ''] = link.trim().split('#')
    const browser = new Browser()
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
    const body = JSON.stringify({ token })
    t.equal((await browser.visit(`${second.url}/sign-in/link`, { method: 'POST', headers, body })).status, 200)
    const cookie = browser.cookie(second.url, 'heddle') ?? ''
    const elsewhere = new Browser()
    elsewhere.set(first.url, 'heddle', cookie)
    const seen = await elsewhere.visit(`${first.url}/v1/access`)
    t.equal(seen.status, 200, 'the other plane knows him too')
    const following = await fetch(`${second.url}/v1/events?follow=true`, { headers: { cookie: `heddle=${cookie}` } })
    t.equal(following.status, 200)
    const over = isOver(following)
    const { csrf } = JSON.parse(seen.text) as { csrf: string }
    const users = await elsewhere.visit(`${first.url}/v1/users/admin/suspend`, {
      method: 'POST',
      headers: { ...headers, 'x-heddle-csrf': csrf },
      body: JSON.stringify({ reason: 'test' }),
    })
    t.equal(users.status, 200)
    const status = async () => (await browser.visit(`${second.url}/v1/access`)).status
    t.equal(await waitFor(status, { what: 'the end of the session', withinMs: 20_000, until: (is) => is === 401 }), 401)
    t.equal(await over, true, 'with what is read by it')
  })
})
