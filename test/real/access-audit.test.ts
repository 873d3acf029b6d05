import { spawnSync } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { AuditView } from '#shared/audit/api.ts'
import { RunningPlane } from '#test/support/start-plane.ts'

t.setTimeout(120_000)

const gateway = `gateways:
  edge: { proxy: envoy, listeners: [{ address: 127.0.0.1, port: 18080 }] }
`
const planted = 'Sup3r-Geheim-9f2c'

await using plane = await RunningPlane.start({
  declaration: 'gateways: {}\n',
  settings: { access: { required: true } },
})
const folder = dirname(plane.store)
const adminFile = join(folder, 'admin-token')

async function audit(): Promise<AuditView['rows']> {
  const { code, out } = await plane.heddle('--json', 'audit', 'list', '--limit', '1000')
  if (code !== 0) throw new Error(out)
  return (JSON.parse(out) as AuditView).rows
}

await t.test('the first admin comes by the file of the first start, which is used up by it', async (t) => {
  t.equal((await stat(`${plane.store}-first-token`)).mode & 0o777, 0o600)
  t.equal((await plane.heddle('status')).code, 5, 'without a token it is refused')
  plane.tokenFile = `${plane.store}-first-token`
  t.equal((await plane.heddle('status')).code, 5, 'and with that of the first start too')
  const made = await plane.heddle(...`token create anna --role admin --out ${adminFile} --reason first`.split(' '))
  t.equal(made.code, 0, made.err)
  t.notMatch(made.out, 'hdlt1.')
  t.equal((await stat(adminFile)).mode & 0o777, 0o600)
  const eve = join(folder, 'eve')
  const again = await plane.heddle(...`token create eve --role admin --reason again --out ${eve}`.split(' '))
  t.equal(again.code, 5)
  await t.rejects(stat(eve), { code: 'ENOENT' }, 'nothing is left of a token that was refused')
  plane.tokenFile = adminFile
  t.match(await plane.heddle('token', 'who'), { code: 0, out: /token:anna: admin/ })
})

await t.test('who changed what is written down with it: before, after, from where and why', async (t) => {
  t.equal((await plane.heddle('freeze', '--reason', 'network work', '--as', 'somebody')).code, 0)
  t.equal((await plane.heddle('thaw', '--reason', 'done')).code, 0)
  const [frozen, thawed] = (await audit()).slice(-2)
  t.match(frozen, {
    caller: 'token:anna',
    from: '127.0.0.1',
    operation: 'POST /v1/freeze',
    subject: 'installation',
    why: 'network work',
    before: /"frozen":null/,
  })
  t.match(thawed, { operation: 'POST /v1/thaw', before: /network work/ })
  const events = await plane.heddle('--json', 'events', '--limit', '2')
  t.match(events.out, /"by": "operator:anna"/, 'it is made in the name of who was proven to ask, not of who is said to')
  t.notMatch(events.out, 'somebody')
})

await t.test('what is done outside of the store is written down before', async (t) => {
  const file = join(folder, 'backup.zst')
  t.equal((await plane.heddle('backup', file)).code, 0)
  t.match((await audit()).at(-1), { operation: 'GET /v1/backup', caller: 'token:anna' })
})

await t.test('versions of routes are written down with what they change', async (t) => {
  const routes = join(folder, 'other.yaml')
  await writeFile(routes, gateway)
  const applied = await plane.heddle('apply', routes, '--comment', 'one more gateway')
  t.equal(applied.code, 0, applied.err + applied.out)
  const row = (await audit()).findLast(({ operation }) => operation === 'POST /v1/routing/versions')
  t.match(row, { caller: 'token:anna', subject: 'routing', why: 'one more gateway', after: /"hash":/ })
})

await t.test(
  'the audit is verified, from the plane and from an export, and a row that was changed is told',
  async (t) => {
    t.match(await plane.heddle('audit', 'verify'), { code: 0, out: /As it was written/ })
    const file = join(folder, 'audit.jsonl')
    t.equal((await plane.heddle('audit', 'export', file)).code, 0)
    t.match(await plane.heddle('audit', 'verify', '--file', file), { code: 0 })
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('network work', 'nothing at all'))
    t.match(await plane.heddle('audit', 'verify', '--file', file), { code: 1, out: /AUDIT_BROKEN/ })
  },
)

await t.test('root on this host becomes admin for ten minutes, and it is written down', async (t) => {
  const socket = join(`${plane.store}-run`, 'admin.sock')
  t.equal((await stat(`${plane.store}-run`)).mode & 0o777, 0o700)
  const file = join(folder, 'glass-token')
  const made = await plane.heddle('break-glass', '--why', 'nobody else is here', '--socket', socket, '--out', file)
  t.equal(made.code, 0, made.err)
  plane.tokenFile = file
  t.match(await plane.heddle('token', 'who'), { code: 0, out: /break-glass:anna: admin/ })
  t.match((await audit()).at(-1), { operation: 'break-glass', caller: 'break-glass:anna', why: 'nobody else is here' })
  plane.tokenFile = adminFile
  const { out } = await plane.heddle('--json', 'token', 'list')
  const [glass] = JSON.parse(out) as { kind: string; created_at: string; expires_at: string }[]
  t.equal(glass?.kind, 'break-glass')
  t.equal(Date.parse(glass?.expires_at ?? '') - Date.parse(glass?.created_at ?? ''), 600_000)
})

await t.test('a secret that somebody lets slip stands in no file of the plane, and no token does', async (t) => {
  const token = (await readFile(adminFile, 'utf8')).trim()
  const send = (path: string, body: object) =>
    fetch(`${plane.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await send(`/v1/freeze?token=${planted}`, { reason: 'x', by: 'x' })
  await send('/v1/tokens', { name: 'x', role: 'viewer', reason: 'x', password: planted })
  await fetch(`${plane.url}/v1/status`, {
    headers: { authorization: `Bearer hdlt1.abcdefghij.${planted}${'x'.repeat(26)}` },
  })
  await fetch(`${plane.url}/v1/status`, { headers: { authorization: `Basic ${planted}` } })
  await plane.stop()
  const secrets = [planted, token.split('.').at(-1) ?? token]
  const texts = [plane.output]
  for (const name of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!name.isFile() || /^(admin|glass)-token$/.test(name.name)) continue
    texts.push(await readFile(join(name.parentPath, name.name), 'latin1'))
  }
  const backup = spawnSync('zstd', ['-dc', join(folder, 'backup.zst')], { encoding: 'latin1', maxBuffer: 2 ** 28 })
  if (backup.status === 0) texts.push(backup.stdout)
  t.ok(texts.length > 4)
  for (const secret of secrets) t.notOk(texts.some((text) => text.includes(secret)))
})

await t.test('heads were signed, and tell of one who writes the store anew', async (t) => {
  const heads = `${plane.store}-audit.heads`
  t.match(await readFile(heads, 'utf8'), /"signature":/)
  await plane.start()
  plane.tokenFile = adminFile
  t.match(await plane.heddle('audit', 'verify', '--heads', heads), { code: 0, out: /[1-9]\d* signed heads agree/ })
  await plane.stop()
  const database = new DatabaseSync(plane.store)
  database.exec("update audit set why = 'nothing' where why = 'network work'")
  database.close()
  await plane.start()
  t.match(await plane.heddle('audit', 'verify', '--heads', heads), { code: 1, out: /is not as it was written/ })
})
