import t from 'tap'
import { registryOperations } from '#control-plane/api/openapi/registry-operations.ts'
import { realRegistration, startClusterPlane } from '#test/support/cluster-plane.ts'

t.test('the registry is there under /v1 too, and refuses by problem details', async (t) => {
  await using api = await startClusterPlane()
  const { instance_id: id } = realRegistration
  t.match(await api.call('POST', '/v1/cluster/register', realRegistration), { status: 201, body: { instance_id: id } })
  t.match(await api.call('GET', '/cluster/services?status=registered'), { status: 200, body: { total: 1 } })
  const refused = await fetch(`${api.url}/v1/cluster/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...realRegistration, port: 'many' }),
  })
  t.match(refused.headers.get('content-type'), 'application/problem+json')
  t.match(await refused.json(), { status: 400, title: 'Bad Request', problems: [{ field: 'port' }], remedy: String })
  const old = await api.call('POST', '/cluster/register', { ...realRegistration, port: 'many' })
  t.match(old, { status: 400, body: { success: false, field: 'port' } })
})

t.test('what the document says of the registry is served', async (t) => {
  await using api = await startClusterPlane()
  for (const { method, path } of registryOperations) {
    const target = `/v1${path.replace(/\{\w+\}/g, 'ghost')}`
    const { status, body } = await api.call(method.toUpperCase(), target, ...(method === 'post' ? [{}] : []))
    t.notOk(status === 404 && /there is no \//.test(String(body.detail)), `${method} ${path}: ${status}`)
    t.not(status, 405, `${method} ${path}`)
    t.ok(status < 500, `${method} ${path}: ${status}`)
  }
})

/** Sends a change that is to hold for a version. */
async function change(url: string, method: string, path: string, body: unknown, version?: string) {
  const headers: Record<string, string> = version === undefined ? {} : { 'if-match': version }
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const answer = await fetch(url + path, init)
  const type = answer.headers.get('content-type')
  const said = (await answer.json()) as Record<string, unknown> & { current?: { version?: string } }
  return { status: answer.status, type, etag: answer.headers.get('etag') ?? '', body: said }
}

const { instance_id: id } = realRegistration

t.test('a registration, a heartbeat and a deregistration hold for the version that they name', async (t) => {
  await using api = await startClusterPlane()
  const send = (method: string, path: string, body?: unknown, version?: string) =>
    change(api.url, method, `/v1/cluster${path}`, body, version)
  const nobody = await send('POST', '/register', realRegistration, '"1.1"')
  t.match(nobody, { status: 412, body: { code: 'VERSION_CHANGED', detail: /not registered/ } })
  const first = await send('POST', '/register', realRegistration)
  const newer = { ...realRegistration, metadata: { version: '2.0' } }
  const second = await send('POST', '/register', newer, first.etag)
  t.match(second, { status: 200 })
  t.not(second.etag, first.etag)

  for (const [method, path, body] of [
    ['POST', '/register', { ...realRegistration, metadata: { version: '3.0' } }],
    ['POST', `/heartbeat/${id}`, { health: 'warning' }],
    ['POST', `/heartbeat/${id}`, undefined],
    ['DELETE', `/deregister/${id}`, undefined],
  ] as const) {
    const refused = await send(method, path, body, first.etag)
    t.match(
      refused,
      {
        status: 412,
        type: 'application/problem+json',
        body: {
          status: 412,
          title: 'Precondition Failed',
          code: 'VERSION_CHANGED',
          remedy: String,
          current: { instance_id: id, version: '2.0', status: 'registered' },
        },
      },
      path,
    )
  }
  const old = await change(api.url, 'POST', '/cluster/register', realRegistration, first.etag)
  t.match(old, { status: 412, body: { success: false, code: 'VERSION_CHANGED', current: { instance_id: id } } })
  t.equal(api.fleet.instances.get(id)?.spec.metadata.version, '2.0')
  t.equal(api.saved.length, 2, 'nor is one renewed that was refused')

  const beaten = await send('POST', `/heartbeat/${id}`, { health: 'warning' }, second.etag)
  t.match(beaten, { status: 200, body: { health_status: 'warning' } })
  const again = await send('POST', '/register', newer, '*')
  t.match(again, { status: 200, etag: beaten.etag })
  t.match(await send('DELETE', `/deregister/${id}`, undefined, `W/${beaten.etag}, "7.7"`), { body: { removed: true } })
  t.match(await send('DELETE', `/deregister/${id}`, undefined, beaten.etag), { status: 200, body: { removed: false } })
})

t.test('of changes that name the same version one holds, and the others hear what there is now', async (t) => {
  await using api = await startClusterPlane()
  const { etag } = await change(api.url, 'POST', '/v1/cluster/register', realRegistration)
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, index) => {
      const body = { ...realRegistration, metadata: { version: `2.${index}` } }
      return change(api.url, 'POST', '/v1/cluster/register', body, etag)
    }),
  )
  const kept = api.fleet.instances.get(id)?.spec.version
  t.equal(all.filter(({ status }) => status === 200).length, 1)
  const refused = all.filter(({ status }) => status === 412)
  t.equal(refused.length, 7)
  t.ok(refused.every(({ body }) => body.current?.version === kept))
})

t.test('one node or task is not sent again to who has it', async (t) => {
  await using api = await startClusterPlane()
  await api.call('POST', '/cluster/nodes', { node_id: 'basic-1', host_address: '10.0.0.8' })
  for (const path of ['/cluster/nodes/basic-1', '/v1/cluster/nodes/basic-1', '/cluster/nodes/basic-1/status']) {
    const etag = (await fetch(api.url + path)).headers.get('etag') ?? ''
    const again = await fetch(api.url + path, { headers: { 'if-none-match': etag } })
    t.match(
      { status: again.status, etag: again.headers.get('etag'), text: await again.text() },
      { status: 304, etag, text: '' },
    )
    const other = await fetch(api.url + path, { headers: { 'if-none-match': '"other"' } })
    t.match(await other.json(), { node_id: 'basic-1' })
  }
})
