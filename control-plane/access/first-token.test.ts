import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openStore } from '#control-plane/journal/open-store.ts'
import { permissions, permissionsOf } from '#shared/access/permissions.ts'
import { readApiToken } from '#shared/access/token.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import { draft } from '#test/support/store/access-suite.ts'
import type { Caller } from './caller.ts'
import { firstTokenMs, makeFirstToken } from './first-token.ts'
import { beyond, makeToken } from './make-token.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')

t.test('of planes that start together one has the file, and whoever comes later makes none', async (t) => {
  await using folder = await temporaryFolder('first')
  await using store = await openStore({ path: ':memory:', max_megabytes: undefined })
  const make = (name: string, at = now) =>
    makeFirstToken({ store, file: join(folder.path, name), audit: (subject) => draft(subject), log: quiet, now: at })
  t.equal((await Promise.all(['a', 'b', 'c'].map((name) => make(name)))).filter(Boolean).length, 1)
  t.equal(await make('d'), false)
  const [name = '', ...more] = await readdir(folder.path)
  t.strictSame(more, [], 'nothing else is left')
  const file = join(folder.path, name)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  const token = readApiToken((await readFile(file, 'utf8')).trim())
  t.match(await store.apiToken(token?.id ?? ''), {
    kind: 'first',
    expiresAt: now + firstTokenMs,
    permissions: ['tokens:write'],
  })
  t.equal(await make(name, now + firstTokenMs), true, 'one that nobody used in time is replaced')
  t.not((await readFile(file, 'utf8')).trim().split('.')[1], token?.id)
  t.equal((await store.readAudit(0, 9)).length, 2)
})

t.test('where the file cannot be written there is no token', async (t) => {
  await using store = await openStore({ path: ':memory:', max_megabytes: undefined })
  await t.rejects(
    makeFirstToken({ store, file: '/nowhere/at/all', audit: (subject) => draft(subject), log: quiet, now }),
  )
  t.strictSame(await store.apiTokens(9), [])
})

t.test('nobody gives what he has not, but the first start makes an admin', async (t) => {
  const caller: Caller = { kind: 'token', name: 'x', permissions: [...permissionsOf.viewer, 'tokens:write'] }
  const wish = { kind: 'token', name: 'n', author: 'x', lifetimeMs: 1 } as const
  const admin = makeToken({ ...wish, role: 'admin' }, now).stored
  const viewer = makeToken({ ...wish, role: 'viewer' }, now).stored
  t.strictSame(beyond(caller, viewer), [])
  t.ok(beyond(caller, admin).includes('audit:read'))
  t.strictSame(beyond({ kind: 'first', name: 'first', permissions: ['tokens:write'] }, admin), [])
  t.strictSame(beyond({ ...caller, permissions, tenant: 'acme' }, viewer), ['another tenant'])
  t.strictSame(beyond({ ...caller, tenant: 'acme' }, { ...viewer, tenant: 'acme' }), [])
  t.match(makeToken({ ...wish, permissions: ['audit:read'] }, now).stored, {
    role: undefined,
    permissions: ['audit:read'],
  })
})
