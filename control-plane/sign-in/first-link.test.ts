import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { apiSecretHash, readApiToken } from '#shared/access/token.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { draft } from '#test/support/store/access-suite.ts'
import { makeFirstLink } from './first-link.ts'
import { newSession } from './new-session.ts'

const now = Date.parse('2026-11-22T12:00:00.000Z')
const day = 24 * 3_600_000

t.test('of planes that start together one has the file, and nobody else a link', async (t) => {
  await using folder = await temporaryFolder('first-link')
  await using store = await openStore({ path: ':memory:', max_megabytes: undefined })
  const make = (name: string, at = now) =>
    makeFirstLink({
      ...{ store, url: 'https://heddle.example', file: join(folder.path, name), lifetimeMs: day },
      ...{ audit: (subject: string) => draft(subject), log: quiet, now: at },
    })
  t.equal((await Promise.all(['a', 'b', 'c'].map((name) => make(name)))).filter(Boolean).length, 1)
  t.equal(await make('d'), false)
  const [name = '', ...more] = await readdir(folder.path)
  t.strictSame(more, [], 'nothing else is left')
  const file = join(folder.path, name)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const [page, text = ''] = (await readFile(file, 'utf8')).trim().split('#')
  t.equal(page, 'https://heddle.example/sign-in')
  t.equal(await make(name, now + day), true, 'one that nobody used in time is replaced')
  const { session } = newSession({ from: 'a', by: 'link', idleMs: day, lastsMs: day }, now)
  const use = async (said: string) => {
    const token = readApiToken(said, 'hdll1')
    return store.useSignInLink(
      { id: token?.id ?? '', secretHash: apiSecretHash(token?.secret ?? ''), session },
      draft('', { caller: '' }),
    )
  }
  t.equal(await use(text), undefined)
  const [, next = ''] = (await readFile(file, 'utf8')).trim().split('#')
  t.match(await use(next), { kind: 'signed-in', user: { id: 'admin', role: 'admin' } })
  t.equal(await make('e', now + 2 * day), false, 'an admin has signed in')
})

t.test('where the file cannot be written there is no link', async (t) => {
  await using store = await openStore({ path: ':memory:', max_megabytes: undefined })
  const file = '/nowhere/at/all'
  const parts = { store, url: 'https://h', lifetimeMs: day, audit: (subject: string) => draft(subject), log: quiet }
  await t.rejects(makeFirstLink({ ...parts, file, now }))
  t.strictSame(await store.readAudit(0, 9), [])
})
