import t from 'tap'
import { joined, serveApi } from '#test/support/serve-v1.ts'
import { openApiDocument } from './document.ts'
import { operations } from './operations.ts'
import { registryOperations } from './registry-operations.ts'

type Paths = Readonly<Record<string, Readonly<Record<string, { readonly parameters?: readonly object[] }>>>>

t.test('every operation is described with what it takes and what it answers', async (t) => {
  const document = openApiDocument(operations, '1.2.3')
  t.match(document, {
    openapi: '3.1.0',
    info: { version: '1.2.3' },
    paths: {
      '/v1/instances/{id}/admission': {
        put: {
          parameters: [
            { name: 'id', in: 'path', required: true },
            { name: 'If-Match', in: 'header' },
          ],
          requestBody: { content: { 'application/json': { schema: { required: ['admission', 'reason', 'by'] } } } },
          responses: { 200: { description: String }, 404: { content: { 'application/problem+json': {} } }, 412: {} },
        },
      },
      '/v1/instances': { get: { responses: { 200: { headers: { Link: {} } } } } },
    },
  })
  const { get } = (document.paths as Paths)['/v1/instances'] ?? {}
  t.match(get?.parameters, [{ name: 'limit', in: 'query', schema: { minimum: 1, maximum: 1000 } }, { name: 'after' }])
  t.equal(new Set(operations.map(({ id }) => id)).size, operations.length, 'each operation has its own id')
})

t.test('versions are described where they are answered and minded', async (t) => {
  const { paths } = openApiDocument([...operations, ...registryOperations], '1.2.3') as { paths: Paths }
  const names = (path: string, method: string) => (paths[path]?.[method]?.parameters ?? []) as { name: string }[]
  for (const path of ['/v1/cluster/register', '/v1/cluster/heartbeat/{id}']) {
    t.ok(
      names(path, 'post').some(({ name }) => name === 'If-Match'),
      path,
    )
    t.match(paths[path], { post: { responses: { 200: { headers: { ETag: {} } }, 412: {} } } })
  }
  t.match(paths['/v1/cluster/deregister/{id}'], { delete: { responses: { 412: {} } } })
  for (const path of ['/v1/instances/{id}', '/v1/nodes/{id}/desired', '/v1/cluster/nodes/{id}']) {
    t.ok(
      names(path, 'get').some(({ name }) => name === 'If-None-Match'),
      path,
    )
    t.match(paths[path], { get: { responses: { 200: { headers: { ETag: {} } }, 304: { headers: { ETag: {} } } } } })
  }
})

t.test('every change, and nothing else, is described with the revision that has it', async (t) => {
  const { paths } = openApiDocument([...operations, ...registryOperations], '1.2.3') as {
    paths: Record<string, Record<string, { responses: { 200: { headers?: object } } }>>
  }
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      t.equal('x-heddle-revision' in (responses[200].headers ?? {}), method !== 'get', `${method} ${path}`)
    }
  }
})

t.test('what is described is served, and what is served is described', async (t) => {
  const { send } = await serveApi(t, joined)
  const { json } = await send('GET', '/openapi.json')
  t.strictSame(json, JSON.parse(JSON.stringify(openApiDocument([...operations, ...registryOperations], '0.1.0'))))
  for (const { method, path } of operations) {
    const { status, json } = await send(method.toUpperCase(), path.replace(/\{\w+\}/g, 'ghost'), undefined)
    const unserved = status === 404 && /There is no (GET|PUT|POST|DELETE)/.test(json.detail)
    t.notOk(unserved, `${method} ${path}`)
  }
})
