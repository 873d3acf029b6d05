import { join } from 'node:path'
import t from 'tap'
import { run } from '#cli/program.ts'
import type { AuditView } from '#shared/audit/api.ts'
import type { MadeTokenView } from '#shared/protocol/identity-api.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'

t.setTimeout(120_000)

await using plane = await TlsPlane.start({ access: {} })
const ca = join(plane.folder, 'heddle-ca.pem')
const admin = join(plane.folder, 'admin')

async function heddle(tokenFile: string | undefined, ...args: readonly string[]) {
  const environment = { HEDDLE_PLANE: plane.url, HEDDLE_CA: ca, HEDDLE_TOKEN_FILE: tokenFile }
  const { terminal, out, err } = capturedTerminal({ environment })
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}

// Before any other: whom a command believes holds for the whole process.
await t.test('who does not know the authority, or asks without TLS, reads what to name', async (t) => {
  for (const [url, why, remedy] of [
    [plane.url, /certificate/, /--ca or HEDDLE_CA/],
    [plane.url.replace('https:', 'http:'), /socket hang up/, /https:.*HEDDLE_PLANE/],
  ] as const) {
    const { terminal, err } = capturedTerminal({ environment: { HEDDLE_PLANE: url } })
    t.equal(await run(['status'], terminal), 3)
    t.match(err(), why)
    t.match(err().split('remedy:')[1], remedy)
  }
})

await t.test('who asks over TLS needs a token, and has the first one from its file', async (t) => {
  t.match(await heddle(undefined, 'status'), { code: 5, err: /ACCESS_UNKNOWN/ })
  const first = join(plane.folder, 'journal.db-first-token')
  const made = await heddle(first, 'token', 'create', 'anna', '--role', 'admin', '--reason', 'first', '--out', admin)
  t.equal(made.code, 0, made.err)
  t.equal((await heddle(admin, 'status')).code, 0)
})

await t.test('nodes are let in without a token of the API, by what they send', async (t) => {
  const body = { token: 'none', csr: 'none', node: 'n-1', machine: 'm', site: 's' }
  const enrol = await plane.ask('/v1/enrol', { method: 'POST', body })
  t.notMatch(enrol.body, 'ACCESS_')
  t.equal((await plane.ask('/v1/identities')).status, 401)
})

await t.test('who makes an enrolment token, and who ends it, is written down with it', async (t) => {
  const made = await heddle(admin, '--json', 'identity', 'token', '--uses', '2')
  t.equal(made.code, 0, made.err)
  const { id, token } = JSON.parse(made.out) as MadeTokenView
  t.equal((await heddle(admin, 'identity', 'end-token', id)).code, 0)
  t.equal((await heddle(admin, 'identity', 'end-token', 'aaaaaaaaaa')).code, 4)
  const { out } = await heddle(admin, '--json', 'audit', 'list')
  const { rows } = JSON.parse(out) as AuditView
  t.match(rows.slice(-2), [
    { caller: 'token:anna', operation: 'POST /v1/identity/tokens', subject: `enrolment:${id}`, after: /"usesLeft":2/ },
    { caller: 'token:anna', operation: 'POST /v1/identity/tokens/:id/end', subject: `enrolment:${id}` },
  ])
  t.notOk(out.includes(token.split('.')[2] ?? token))
  t.match(await heddle(admin, 'audit', 'verify'), { code: 0 })
})
