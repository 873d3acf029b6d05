import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import t from 'tap'
import { run } from '#cli/program.ts'
import type { MadeTokenView } from '#shared/protocol/identity-api.ts'
import { nodeId } from '#test/support/agents/agent-client.ts'
import { enrolled } from '#test/support/attack.ts'
import { capturedTerminal } from '#test/support/captured-terminal.ts'
import { newKey, requestOf } from '#test/support/identity.ts'
import { TlsPlane } from '#test/support/tls-plane.ts'

t.setTimeout(120_000)

await using plane = await TlsPlane.start({ access: {} })
const file = (name: string) => join(plane.folder, name)

async function heddle(tokenFile: string, ...args: readonly string[]) {
  const environment = { HEDDLE_PLANE: plane.url, HEDDLE_CA: file('heddle-ca.pem'), HEDDLE_TOKEN_FILE: file(tokenFile) }
  const { terminal, out, err } = capturedTerminal({ environment })
  const code = await run(args, terminal)
  return { code, out: out(), err: err() }
}
const text = async (name: string) => (await readFile(file(name), 'utf8')).trim()

type Said = { readonly status: number; readonly code: string | undefined }

async function ask(token: string, method: string, path: string, body?: object): Promise<Said> {
  const { promise, resolve, reject } = Promise.withResolvers<Said>()
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) }
  const signal = AbortSignal.timeout(20_000)
  const asked = request(`${plane.url}${path}`, { method, headers, agent: false, signal, rejectUnauthorized: false })
  asked.on('error', reject)
  asked.on('response', (answer) => {
    let said = ''
    answer.setEncoding('utf8').on('data', (piece: string) => {
      said += piece
    })
    answer.on('end', () => {
      const { code } = JSON.parse(said || '{}') as { readonly code?: string }
      resolve({ status: answer.statusCode ?? 0, code })
    })
  })
  asked.end(body && JSON.stringify(body))
  return promise
}

async function enrol(token: string, node: string) {
  const body = { token, csr: await requestOf((await newKey()).pair), node, machine: `of-${node}`, site: 'tencent' }
  const { body: answer } = await plane.ask('/v1/enrol', { method: 'POST', body })
  return JSON.parse(answer) as { readonly state?: string; readonly code?: string }
}

async function enrolmentToken(uses: number): Promise<MadeTokenView> {
  const made = await heddle('admin', '--json', 'identity', 'token', '--uses', String(uses))
  if (made.code !== 0) throw new Error(made.err)
  return JSON.parse(made.out) as MadeTokenView
}

await t.test('the first token makes one admin, however many ask at once', async (t) => {
  const first = await text('journal.db-first-token')
  const wish = { name: 'thief', role: 'admin', reason: 'first' }
  const all = await Promise.all(Array.from({ length: 8 }, () => ask(first, 'POST', '/v1/tokens', wish)))
  t.equal(all.filter(({ status }) => status < 300).length, 1)
  t.strictSame([...new Set(all.map(({ status }) => status))].sort(), [200, 401])
  t.match(await ask(first, 'GET', '/v1/tokens'), { status: 401 })
})

await t.test(
  'root on the host has the way back in, and what was made by the stolen one is seen and ended',
  async (t) => {
    const socket = file('journal.db-run/admin.sock')
    const glass = await heddle('none', 'break-glass', '--why', 'stolen', '--socket', socket, '--out', file('glass'))
    t.equal(glass.code, 0, glass.err)
    const made = await heddle(
      'glass',
      'token',
      'create',
      'anna',
      '--role',
      'admin',
      '--reason',
      'x',
      '--out',
      file('admin'),
    )
    t.equal(made.code, 0, made.err)
    const { out } = await heddle('admin', '--json', 'token', 'list')
    t.match(out, /"thief"/)
  },
)

for (const role of ['viewer', 'operator'] as const) {
  await heddle('admin', 'token', 'create', role, '--role', role, '--reason', 'x', '--out', file(role))
}

await t.test('a stolen token never makes another one that may more, or lasts when it is taken back', async (t) => {
  const operator = await text('operator')
  for (const wish of [
    { name: 'more', role: 'admin', reason: 'x' },
    { name: 'same', role: 'operator', reason: 'x' },
    { name: 'list', permissions: ['tokens:write'], reason: 'x' },
  ]) {
    t.match(await ask(operator, 'POST', '/v1/tokens', wish), { status: 403, code: 'ACCESS_REFUSED' })
  }
  for (const [method, path] of [
    ['GET', '/v1/tokens'],
    ['GET', '/v1/audit'],
    ['GET', '/v1/backup'],
    ['POST', '/cluster/import'],
  ] as const) {
    t.match(await ask(operator, method, path, method === 'POST' ? {} : undefined), { status: 403 }, `${method} ${path}`)
  }
  t.match(await ask(operator, 'GET', '/v1/status'), { status: 200 })
  const { out } = await heddle('admin', '--json', 'token', 'list')
  const [, id = ''] = operator.split('.')
  t.match(out, id)
  t.notMatch(out, operator.split('.')[2] ?? operator)
  t.equal((await heddle('admin', 'token', 'revoke', id, '--reason', 'stolen')).code, 0)
  t.match(await ask(operator, 'GET', '/v1/status'), { status: 401 })
})

await t.test('an enrolment token lets in as many as it says, however many come at once', async (t) => {
  const { token } = await enrolmentToken(2)
  const all = await Promise.all(Array.from({ length: 8 }, (_, index) => enrol(token, nodeId(index + 10))))
  t.equal(all.filter(({ state }) => state === 'issued').length, 2)
  t.strictSame([...new Set(all.flatMap(({ code }) => code ?? []))], ['ENROLMENT_TOKEN_USED'])
})

await t.test('with a stolen enrolment token nobody becomes a node that is known', async (t) => {
  const { token } = await enrolmentToken(5)
  const victim = await enrolled(plane, nodeId(1), token)
  t.match(await enrol(token, victim.node), { state: 'waiting' })
  t.match(await enrol(token, victim.node), { code: String }, 'and nobody else takes that place meanwhile')
  const { out } = await heddle('admin', '--json', 'identity', 'list')
  t.match(JSON.parse(out), [{ node: victim.node, state: 'enrolled', enrolment: 1 }])
})

await t.test('a token that was ended, was never made, or was changed lets nobody in, and tells nothing', async (t) => {
  const { token, id } = await enrolmentToken(5)
  const [kind = '', , secret = '', pin = ''] = token.split('.')
  const other = Buffer.alloc(32, 7).toString('base64url')
  const wrong = await enrol([kind, id, other, pin].join('.'), nodeId(40))
  const unknown = await enrol([kind, 'a'.repeat(10), secret, pin].join('.'), nodeId(40))
  t.strictSame({ ...wrong }, { ...unknown }, 'whether there is such a token is not told')
  t.equal((await heddle('admin', 'identity', 'end-token', id)).code, 0)
  t.notMatch(await enrol(token, nodeId(40)), { state: 'issued' })
  t.notMatch(plane.output, secret)
})

await t.test('who guesses is locked out by his tries, and nobody else is', async (t) => {
  const viewer = await text('viewer')
  const [kind = '', id = ''] = viewer.split('.')
  const guess = () => `${kind}.${id}.${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
  const tries: Said[] = []
  for (let count = 0; count < 12; count += 1) tries.push(await ask(guess(), 'GET', '/v1/status'))
  t.match(tries[0], { status: 401, code: 'ACCESS_UNKNOWN' })
  t.match(tries.at(-1), { status: 429, code: 'ACCESS_LOCKED' })
  t.match(await ask(await text('admin'), 'GET', '/v1/status'), { status: 200 })
})
