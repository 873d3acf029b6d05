import { readFile } from 'node:fs/promises'
import t from 'tap'
import { matrix, type Operation } from '#control-plane/access/matrix.ts'
import type { TokenMadeView } from '#shared/access/api.ts'
import { RunningPlane } from '#test/support/start-plane.ts'
import { ZerviServer } from '#test/support/zervi-users.ts'

t.setTimeout(120_000)

await using zervi = await ZerviServer.start()
const settings = { access: { required: true }, zervi: { url: zervi.url } }
await using plane = await RunningPlane.start({ settings })

async function ask(method: string, path: string, token: string, body?: object) {
  const response = await fetch(`${plane.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body === undefined || method === 'GET' ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  return { status: response.status, text }
}

async function make(token: string, body: object): Promise<string> {
  const { status, text } = await ask('POST', '/v1/tokens', token, { reason: 'test', ...body })
  if (status !== 200) throw new Error(text)
  return (JSON.parse(text) as TokenMadeView).token
}

const first = (await readFile(`${plane.store}-first-token`, 'utf8')).trim()
const admin = await make(first, { name: 'root', role: 'admin' })
const acme = await make(admin, { name: 'acme', role: 'admin', tenant: 'acme' })
const other = await make(admin, { name: 'other', role: 'admin', tenant: 'other' })

/** What one tenant has: a Basic Server and an environment on it. Ids are as long as those of nothing. */
async function settle(token: string, name: string) {
  const registration = {
    ...{
      service_name: `basic-server-${name}`,
      service_type: 'basic-server',
      instance_id: `i-${name}`,
      node_id: `n-${name}`,
    },
    ...{ address: '127.0.0.1', port: 8080 },
  }
  await ask('POST', '/cluster/nodes', token, { node_id: `n-${name}`, host_address: '127.0.0.1', port: 1 })
  const registered = await ask('POST', '/cluster/register', token, registration)
  if (registered.status !== 201) throw new Error(registered.text)
  await ask('POST', `/cluster/heartbeat/i-${name}`, token, { health: 'healthy', metrics: { cpu_usage: 1 } })
  const wanted = { user: { name: `user-${name}` }, reason: 'test' }
  const { status, text } = await ask('POST', '/v1/environments', token, wanted)
  if (status !== 200) throw new Error(text)
  return { instance: `i-${name}`, node: `n-${name}`, environment: (JSON.parse(text) as { id: string }).id }
}

const own = await settle(acme, 'ours')
const theirs = await settle(other, 'them')
const nothing = { instance: 'i-none', node: 'n-none', environment: 'e-00000000000000000000' }

type Ids = typeof own
const order = { admission: 'draining', reason: 'test', by: 'x' }
const node = ({ node }: Ids) => ({ node_id: node, host_address: '127.0.0.1', port: 1 })
const nodeNamed = ({ node }: Ids) => ({ node_id: node, reason: 'it is gone' })

/** What is asked of each operation that is answered out of what is one's own, about what somebody has. */
const asked: Readonly<Record<string, (ids: Ids) => object>> = {
  'PUT /v1/nodes/:id/admission': () => order,
  'PUT /v1/nodes/:id/log-level': () => ({ level: 'debug', reason: 'test', by: 'x' }),
  'POST /v1/nodes/:id/restarts': () => ({ name: 'crm', reason: 'test', by: 'x' }),
  'PUT /v1/instances/:id/admission': () => order,
  'POST /v1/admissions': ({ instance, node }) => ({
    by: 'x',
    orders: [
      { kind: 'instance', id: instance, admission: 'draining', reason: 'x' },
      { kind: 'node', id: node, admission: 'draining', reason: 'x' },
    ],
  }),
  'POST /v1/environments/:id/release': () => ({ reason: 'test' }),
  'POST /cluster/batch': ({ instance }) => ({
    operations: [
      { op: 'heartbeat', id: instance, health: 'critical' },
      { op: 'metrics', id: instance, metrics: { cpu_usage: 99 } },
      { op: 'deregister', id: instance },
    ],
  }),
  'POST /cluster/heartbeat/:id': () => ({ health: 'critical' }),
  'PUT /cluster/heartbeat/:id': () => ({ health: 'critical' }),
  'DELETE /cluster/deregister/:id': () => ({}),
  'POST /cluster/deregister/:id': () => ({}),
  'POST /cluster/metrics/:id': () => ({ metrics: { cpu_usage: 99 } }),
  'POST /cluster/nodes/unregister': nodeNamed,
  'DELETE /cluster/nodes/unregister': nodeNamed,
  'POST /cluster/nodes/heartbeat': nodeNamed,
  'POST /cluster/nodes/failure': nodeNamed,
  'POST /cluster/nodes/report-failure': nodeNamed,
  'DELETE /cluster/nodes/:id': () => ({}),
  'POST /cluster/nodes/:id/unregister': () => ({}),
  'POST /cluster/nodes/:id/heartbeat': () => ({}),
  'PUT /cluster/nodes/:id/heartbeat': () => ({}),
  'POST /cluster/nodes/:id/failure': () => ({ reason: 'it is gone' }),
}

const registration = ({ instance, node }: Ids) => ({
  ...{ service_name: 'taken', instance_id: instance, node_id: node, address: '127.0.0.1', port: 9_999 },
})

/** Those that would make something: of what is another tenant's they say so, since the id is taken. */
const taking: typeof asked = {
  'POST /cluster/register': registration,
  'PUT /cluster/register': registration,
  'POST /cluster/nodes': node,
  'PUT /cluster/nodes': node,
  'POST /cluster/nodes/register': node,
  'PUT /cluster/nodes/register': node,
  'PUT /cluster/nodes/:id': node,
  'POST /cluster/nodes/:id': node,
}
/** It names nobody's things. */
const making = ['POST /v1/environments']

const lineOf = ({ method, path }: Operation) => `${method} ${path}`

/** Which of the ids stands in a path. */
function pathOf({ path }: Operation, ids: Ids): string {
  const kind = /^\/v1\/environments/.test(path) ? 'environment' : /nodes/.test(path) ? 'node' : 'instance'
  return path.replace(':id', ids[kind]).replace(/:\w+/g, 'x1')
}

/** An answer without what differs by the ids that were asked for, and by the moment. */
function plain(text: string, ids: Ids): string {
  const named = Object.entries(ids).reduce((all, [kind, id]) => all.replaceAll(id, kind), text)
  return named.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time').replaceAll(/"revision":\d+/g, '"revision":0')
}

const seen = async () =>
  Promise.all(
    [`/v1/instances/${theirs.instance}`, `/v1/nodes/${theirs.node}`, `/v1/environments/${theirs.environment}`].map(
      async (path) => (await ask('GET', path, admin)).text,
    ),
  )
const before = await seen()

await t.test('each tenant has what is its own', async (t) => {
  for (const [token, ids] of [
    [acme, own],
    [other, theirs],
  ] as const) {
    const listed = async (path: string) =>
      (JSON.parse((await ask('GET', path, token)).text) as { id: string }[]).map(({ id }) => id)
    t.strictSame(await listed('/v1/instances'), [ids.instance])
    t.strictSame(await listed('/v1/nodes'), [ids.node])
    t.strictSame(await listed('/v1/environments'), [ids.environment])
    const mine = JSON.parse((await ask('GET', '/v1/tenants', token)).text)
    t.match(mine, [{ has: { nodes: 1, instances: 1, environments: 1 }, refused: { instances: 0 } }])
    t.equal(mine.length, 1)
    t.match(JSON.parse((await ask('GET', '/cluster/status', token)).text), {
      services: { total: 1 },
      nodes: { total: 1 },
    })
    t.match(JSON.parse((await ask('GET', '/cluster/services', token)).text), { total: 1 })
  }
  t.equal(JSON.parse((await ask('GET', '/v1/tenants', admin)).text).length, 2)
  t.match(JSON.parse((await ask('GET', `/v1/instances/${own.instance}`, admin)).text), { tenant: 'acme' })
})

for (const operation of matrix) {
  const line = lineOf(operation)
  const { method, tenant } = operation
  if (tenant === 'any') continue
  if (tenant === 'none') {
    await t.test(`${line}: refused to who is bound to a tenant`, async (t) => {
      const { status, text } = await ask(method, pathOf(operation, own), acme, {})
      t.equal(status, 403)
      t.match(text, 'ACCESS_REFUSED')
    })
    continue
  }
  await t.test(`${line}: what is another tenant's is as if it was not there`, async (t) => {
    const body = asked[line] ?? taking[line]
    if (method === 'GET' || asked[line]) {
      const about = async (ids: Ids) => {
        const { status, text } = await ask(method, pathOf(operation, ids), acme, body?.(ids))
        return { status, text: plain(text, ids) }
      }
      const found = await about(theirs)
      t.strictSame(found, await about(nothing))
      // What was asked for may be named in the answer; whatever else is theirs must not be.
      t.notMatch(found.text, /user-them|\bthem\b/)
      return
    }
    if (taking[line]) {
      const { status, text } = await ask(method, pathOf(operation, theirs), acme, body?.(theirs))
      t.equal(status, 403, text)
      t.match(text, 'TENANT_FOREIGN')
      return
    }
    t.ok(making.includes(line), 'every operation stands in one of the tables of this test')
  })
}

await t.test('nothing of it has changed', async (t) => {
  t.strictSame(await seen(), before)
  t.equal((await ask('GET', `/cluster/metrics/${theirs.instance}`, other)).status, 200)
})

await t.test('events are those of its own, in lists and while they are followed', async (t) => {
  const events = JSON.parse((await ask('GET', '/v1/events?after=0&limit=1000', acme)).text) as { subject: string }[]
  t.ok(events.length > 0)
  for (const { subject } of events) t.ok(/ours|none/.test(subject), subject)
  const following = new AbortController()
  const response = await fetch(`${plane.url}/v1/events?after=0&follow=true`, {
    headers: { authorization: `Bearer ${acme}` },
    signal: following.signal,
  })
  await ask('POST', `/cluster/heartbeat/${theirs.instance}`, other, { health: 'warning' })
  await ask('POST', `/cluster/heartbeat/${own.instance}`, acme, { health: 'warning' })
  let text = ''
  for await (const part of response.body ?? []) {
    text += Buffer.from(part).toString()
    if (text.includes('warning')) break
  }
  following.abort()
  t.match(text, /i-ours/)
  t.notMatch(text, /i-them|n-them/)
})

await t.test('the past shows what was its own then', async (t) => {
  const { revision } = JSON.parse((await ask('GET', `/v1/instances/${own.instance}`, acme)).text) as {
    revision: number
  }
  const at = (id: string) => ask('GET', `/v1/instances/${id}/explain?at=${revision}`, acme)
  t.match(JSON.parse((await at(own.instance)).text), { known: true })
  t.match(JSON.parse((await at(theirs.instance)).text), { known: false })
})

await t.test('nobody who is bound gets a share of the requests of a service that is not its own', async (t) => {
  const auth = { ...registration(nothing), service_name: 'zervi-auth' }
  t.equal((await ask('POST', '/cluster/register', admin, { ...auth, instance_id: 'auth-1' })).status, 201)
  for (const service_name of ['zervi-auth', 'ZERVI-AUTH', 'basic-server-them']) {
    const mine = { ...auth, service_name, instance_id: 'mine', node_id: 'mine', address: '10.6.6.6' }
    const { status, text } = await ask('POST', '/cluster/register', acme, mine)
    t.equal(status, 403, text)
    t.match(text, 'TENANT_FOREIGN')
  }
  t.equal((await ask('GET', '/v1/instances/mine', admin)).status, 404)
})

await t.test('an environment of another tenant is made by nobody who is bound', async (t) => {
  const wanted = { user: { name: 'mallory' }, tenant: 'other', reason: 'test' }
  const { status, text } = await ask('POST', '/v1/environments', acme, wanted)
  t.equal(status, 403)
  t.match(text, 'TENANT_FOREIGN')
  t.strictSame((await ask('GET', '/v1/environments?tenant=other', acme)).text, '[]')
})

await t.test('a node without a certificate is given to a tenant, and taken from it, by an admin', async (t) => {
  await ask('POST', '/cluster/register', admin, {
    ...registration({ ...nothing, node: 'n-free' }),
    instance_id: 'i-free',
  })
  const lists = async () => (await ask('GET', '/v1/instances', acme)).text
  t.notMatch(await lists(), /i-free/)
  const assign = (tenant: string | null) =>
    ask('PUT', '/v1/nodes/n-free/tenant', admin, { tenant, reason: 'bought', by: 'root' })
  t.match(JSON.parse((await assign('acme')).text), { changed: true })
  t.match(await lists(), /i-free/)
  t.match(JSON.parse((await assign('acme')).text), { changed: false })
  await assign(null)
  t.notMatch(await lists(), /i-free/)
  t.equal((await ask('PUT', `/v1/nodes/${own.node}/tenant`, admin, { tenant: null, reason: 'x' })).status, 409)
  t.equal((await ask('PUT', '/v1/nodes/n-nobody/tenant', admin, { tenant: null, reason: 'x' })).status, 404)
  const audit = (await ask('GET', '/v1/audit?limit=1000', admin)).text
  t.match(audit, /node-assigned/)
})
