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
