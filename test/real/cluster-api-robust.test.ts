import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { type ClusterPlane, realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'

const id = realRegistration.instance_id

/** A success, or a refusal that says what is wrong and what to do; never our own fault. */
function isAnswer({ status, body }: { readonly status: number; readonly body: Record<string, unknown> }): boolean {
  if (status >= 500) return false
  if (status < 300) return true
  if (Array.isArray(body.results)) return body.results.every((result) => result.code < 500)
  return typeof body.error === 'string' && body.success === false && typeof body.remedy === 'string'
}

async function withClient(): Promise<ClusterPlane> {
  const plane = await startClusterPlane()
  await plane.call('POST', '/cluster/register', realRegistration)
  await plane.call('POST', '/cluster/nodes', { node_id: 'a' })
  return plane
}

const anyValue = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, true, false, '', '8080', 'http://h:1', '10.0.0.1', 'healthy'),
  fc.jsonValue(),
)

/** Objects with the names that are looked at, and values of any kind. */
const anyBody = fc.dictionary(
  fc.constantFrom(
    ...'service_name service_type instance_id node_id address port metadata name type host endpoints tags service_id'.split(
      ' ',
    ),
    ...'service_url capabilities config id version endpoint health health_status ID Name Tags Address Port Meta Node'.split(
      ' ',
    ),
    ...'Service Check Checks metrics metric_name metric_value metric_unit timestamp cpu_usage operations op data'.split(
      ' ',
    ),
    ...'data_type source_node target_nodes priority task_id status resources __proto__ constructor toString'.split(' '),
  ),
  fc.oneof(anyValue, fc.dictionary(fc.string(), anyValue)),
  { maxKeys: 12 },
)

const paths = [
  '/cluster/register',
  `/cluster/heartbeat/${id}`,
  `/cluster/metrics/${id}`,
  '/cluster/batch',
  '/cluster/nodes',
  '/cluster/nodes/a',
  '/cluster/nodes/a/failure',
  '/cluster/nodes/unregister',
  '/cluster/nodes/failure',
] as const

t.test('no JSON makes it fail: every answer is a success or names what is wrong', async (t) => {
  await using plane = await withClient()
  const batch = fc.record({ operations: fc.array(fc.oneof(anyBody, anyValue), { maxLength: 5 }) })
  const body = fc.oneof(
    { weight: 5, arbitrary: anyBody },
    { weight: 1, arbitrary: anyValue },
    { weight: 1, arbitrary: batch },
  )
  await t.resolves(
    fc.assert(
      fc.asyncProperty(body, fc.constantFrom(...paths), async (body, path) =>
        isAnswer(await plane.call('POST', path, JSON.stringify(body))),
      ),
      { numRuns: 600 },
    ),
  )
})

t.test('no operation of a batch makes it fail', async (t) => {
  await using plane = await withClient()
  const operation = fc
    .tuple(fc.constantFrom('register', 'heartbeat', 'deregister', 'metrics', 'x', 5), anyBody)
    .map(([op, body]) => ({ id, ...body, op }))
  await t.resolves(
    fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 8 }), async (operations) => {
        const answer = await plane.call('POST', '/cluster/batch', JSON.stringify({ operations }))
        return isAnswer(answer) && (answer.body.results as unknown[]).length === operations.length
      }),
      { numRuns: 150 },
    ),
  )
})

t.test('no bytes, no content type and no method make it fail', async (t) => {
  await using plane = await withClient()
  const types = [
    '',
    'text/plain',
    'application/xml',
    'application/json; charset=utf-8',
    'multipart/form-data',
    'a/b; charset=gbk',
  ]
  const bytes = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.string({ unit: 'binary', minLength: 1 }))
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        bytes,
        fc.constantFrom(...paths),
        fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
        fc.constantFrom(...types),
        async (bytes, path, method, type) => isAnswer(await plane.call(method, path, bytes, { 'content-type': type })),
      ),
      { numRuns: 300 },
    ),
  )
})

t.test('no query and no path make it fail', async (t) => {
  await using plane = await withClient()
  const names = 'type status health cluster_id limit offset cursor page size name from to step node_type'.split(' ')
  const query = fc.array(
    fc.tuple(fc.constantFrom(...names), fc.oneof(fc.string({ unit: 'binary' }), fc.integer().map(String))),
  )
  const path = fc.oneof(
    fc.constantFrom('/cluster/services', '/cluster/nodes', `/cluster/metrics/${id}`, '/cluster/status', '/cluster'),
    fc.webPath().map((each) => `/cluster${each}`),
    fc.string({ unit: 'binary' }).map((each) => `/cluster/metrics/${encodeURIComponent(each.toWellFormed())}`),
  )
  await t.resolves(
    fc.assert(
      fc.asyncProperty(path, query, async (path, query) => {
        const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value.toWellFormed()]))
        return isAnswer(await plane.call('GET', `${path}?${search}`))
      }),
      { numRuns: 300 },
    ),
  )
})

for (const { name, body, headers = {}, status, field } of [
  { name: 'broken UTF-8', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), status: 400, field: '(body)' },
  { name: 'a body without end', body: `{"a":"${'x'.repeat(300_000)}"}`, status: 413, field: '(body)' },
  { name: 'nesting without end', body: '['.repeat(100_000), status: 400, field: '(body)' },
  {
    name: 'deep nesting in metadata',
    body: `{"metadata":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}}`,
    status: 400,
    field: '(body)',
  },
  {
    name: 'a compressed body',
    body: 'x',
    headers: { 'content-encoding': 'gzip' },
    status: 415,
    field: 'Content-Encoding',
  },
  {
    name: 'another character set',
    body: '{}',
    headers: { 'content-type': 'text/json; charset=GBK' },
    status: 415,
    field: 'Content-Type',
  },
  {
    name: 'a number beyond all numbers',
    body: '{"service_name":"a","instance_id":"b","node_id":"c","port":1e999}',
    status: 400,
    field: 'port',
  },
]) {
  t.test(`${name}: ${status} that names ${field}`, async (t) => {
    await using plane = await startClusterPlane()
    const answer = await plane.call('POST', '/cluster/register', body, headers)
    t.match(answer, { status, body: { success: false, field, problems: [{ field }] } })
  })
}

t.test('of keys that are there twice the last one counts, and a mark of byte order is no fault', async (t) => {
  await using plane = await startClusterPlane()
  const text = `\uFEFF${JSON.stringify(realRegistration).replace('{', '{"port":1,"service_name":"other",')}`
  t.match(await plane.call('POST', '/cluster/register', text), {
    status: 201,
    body: { port: 8080, service_name: 'zervi-backend' },
  })
})

t.test('a wrong method is 405 and says which is right; HEAD is answered like GET', async (t) => {
  await using plane = await startClusterPlane()
  for (const { method, path, allow } of [
    { method: 'GET', path: '/cluster/register', allow: 'POST, PUT' },
    { method: 'DELETE', path: '/cluster/services', allow: 'GET' },
    { method: 'PATCH', path: '/cluster/nodes/a', allow: 'GET, PUT, POST, DELETE' },
    { method: 'POST', path: '/health', allow: 'GET' },
  ]) {
    const response = await fetch(plane.url + path, { method })
    t.equal(response.status, 405, path)
    t.equal(response.headers.get('allow'), allow)
    t.match(await response.json(), { success: false, field: '(method)' })
  }
  const head = await fetch(`${plane.url}/cluster/services/`, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal((await plane.call('GET', '/cluster/nothing')).status, 404)
  t.equal((await fetch(`${plane.url}/elsewhere`)).status, 418, 'what is not ours is handed on')
})

t.test('who goes away in the middle of a body, or sends far too much, harms nobody', async (t) => {
  await using plane = await withClient()
  const { port } = new URL(plane.url)
  const broken = connect(Number(port), '127.0.0.1')
  await once(broken, 'connect')
  broken.write('POST /cluster/register HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{"a"')
  broken.destroy()
  const flood = connect(Number(port), '127.0.0.1')
  flood.on('error', () => {})
  flood.write('POST /cluster/register HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n')
  const closed = new Promise((resolve) => flood.once('close', resolve))
  let answer = ''
  flood.on('data', (chunk) => {
    answer += chunk
  })
  const chunk = Buffer.alloc(1024 * 1024, 0x20)
  for (let sent = 0; sent < 40 && !flood.destroyed && answer === ''; sent += 1) {
    const drained = new Promise((resolve) => flood.once('drain', resolve))
    if (!flood.write(chunk)) await Promise.race([drained, closed])
  }
  flood.end()
  await closed
  t.equal((await plane.call('POST', `/cluster/heartbeat/${id}`)).status, 200)
})
