import { once } from 'node:events'
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { readApiToken } from '#shared/access/token.ts'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { temporaryFolder } from '#test/support/folder.ts'
import type { TokenChange } from '../fleet/access.ts'
import { breakGlassMs, openBreakGlass, socketName } from './break-glass.ts'

const now = Date.parse('2026-11-21T12:00:00.000Z')

async function opened(folder: string) {
  const changes: TokenChange[] = []
  const socket = await openBreakGlass({
    folder,
    store: {
      changeApiTokens: async (change) => {
        changes.push(change)
        return true
      },
    },
    audit: ({ by, why, subject }) => ({
      ...{ at: now, caller: by, from: '', operation: 'break-glass', subject, before: '', after: '', why },
    }),
    log: quiet,
    now: () => now,
  })
  return { socket, changes }
}

async function ask(folder: string, body: string, path = '/break-glass', method = 'POST') {
  const asked = request({ socketPath: join(folder, socketName), path, method })
  asked.end(body)
  const [answer] = await once(asked, 'response')
  let text = ''
  for await (const chunk of answer) text += chunk
  return { status: answer.statusCode as number, json: JSON.parse(text) }
}

t.test('who may enter the folder gets a token of ten minutes, with its row', async (t) => {
  await using folder = await temporaryFolder('glass')
  const run = join(folder.path, 'run')
  const { socket, changes } = await opened(run)
  await using _ = socket
  t.equal((await stat(run)).mode & 0o777, 0o700)
  t.equal((await stat(join(run, socketName))).mode & 0o777, 0o600)
  const { status, json } = await ask(run, JSON.stringify({ by: 'root', why: 'nobody else' }))
  t.equal(status, 200)
  t.equal(readApiToken(json.token)?.id, json.id)
  t.match(changes, [
    {
      add: { kind: 'break-glass', name: 'root', role: 'admin', expiresAt: now + breakGlassMs },
      audit: [{ caller: 'root', why: 'nobody else', subject: `token:${json.id}` }],
    },
  ])
})

t.test('without a reason, or with too much, nobody is let in', async (t) => {
  await using folder = await temporaryFolder('glass')
  const run = join(folder.path, 'run')
  const { socket, changes } = await opened(run)
  await using _ = socket
  for (const body of [
    '',
    '{',
    '{}',
    '{"by":"x","why":" "}',
    '{"by":"x","why":"y","role":"admin"}',
    '"x"',
    'x'.repeat(5_000),
  ]) {
    t.equal((await ask(run, body)).status, 400, body.slice(0, 40))
  }
  t.equal((await ask(run, '{}', '/other')).status, 404)
  t.equal((await ask(run, '', '/break-glass', 'GET')).status, 404)
  t.strictSame(changes, [])
})

t.test('a folder that others may enter, or that is none, is refused', async (t) => {
  await using folder = await temporaryFolder('glass')
  const wide = join(folder.path, 'wide')
  await mkdir(wide)
  await chmod(wide, 0o750)
  await t.rejects(opened(wide), { code: 'ACCESS_SOCKET_UNUSABLE', message: /others may enter/ })
  const own = join(folder.path, 'own')
  await mkdir(own, { mode: 0o700 })
  const linked = join(folder.path, 'linked')
  await symlink(own, linked)
  await t.rejects(opened(linked), { code: 'ACCESS_SOCKET_UNUSABLE', message: /no folder/ })
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  await t.rejects(opened(file), { code: 'ACCESS_SOCKET_UNUSABLE' })
  t.strictSame(await readdir(own), [])
})

t.test('a socket that a killed plane left behind is in nobody’s way', async (t) => {
  await using folder = await temporaryFolder('glass')
  const run = join(folder.path, 'run')
  await mkdir(run, { mode: 0o700 })
  await writeFile(join(run, socketName), '')
  const { socket } = await opened(run)
  await using _ = socket
  t.equal((await ask(run, JSON.stringify({ by: 'root', why: 'x' }))).status, 200)
})
