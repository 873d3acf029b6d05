import fc from 'fast-check'
import t from 'tap'
import type { InstanceView } from '#shared/protocol/api.ts'
import { joined, node, serveApi, spec } from '#test/support/serve-v1.ts'
import type { Change } from '../fleet/event.ts'
import { operations } from './openapi/operations.ts'
import { pageOf } from './paging.ts'

const passing = (instance: string): Change => ({ kind: 'judged', instance, health: 'passing', reason: { code: 'ok' } })
const registered = (id: string, about: Partial<typeof spec> & { type?: string } = {}): Change => ({
  kind: 'registered',
  instance: id,
  spec: { ...spec, ...about, id },
  node: node.id,
  origin: 'agent',
})

t.test('pages one after the other are the whole list, whatever their size and whatever is left out', async () => {
  const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 })).map((all) => all.sort())
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 7 }), fc.func(fc.boolean()), (sorted, limit, fits) => {
      const view = (id: string) => (fits(id) ? id : undefined)
      const seen: string[] = []
      for (let after: string | undefined; ; ) {
        const page = pageOf(sorted, { limit, after }, view)
        seen.push(...page.items)
        if (page.items.length > limit) return false
        if (!page.more) break
        after = page.last
      }
      return JSON.stringify(seen) === JSON.stringify(sorted.filter((id) => fits(id)))
    }),
  )
})

t.test('a list comes in pages, each with the address of the next', async (t) => {
  const names = ['a', 'b', 'c', '节点'].map((id) => registered(id, { port: 9000 }))
  const { send } = await serveApi(t, [...joined, ...names])
  const first = await send('GET', '/instances?limit=3&node=n-aaaaaaaaaaaa')
  t.strictSame(
    (first.json as InstanceView[]).map(({ id }) => id),
    ['a', 'b', spec.id],
  )
  const [, next = ''] = /<\/v1([^>]+)>; rel="next"/.exec(first.link ?? '') ?? []
  const second = await send('GET', next)
  t.strictSame(
    (second.json as InstanceView[]).map(({ id }) => id),
    ['c', '节点'],
  )
  t.equal(second.link, null)
  t.match((await send('GET', '/services?limit=1')).json, [{ name: 'basic-server' }])
  t.match((await send('GET', '/nodes?limit=1&after=n-z')).json, [])
})

t.test('filters are understood in both spellings, and all must fit', async (t) => {
  const { send } = await serveApi(t, [
    ...joined,
    passing(spec.id),
    registered('ai', { service: 'ai', port: 8100, type: 'ai-service', tags: ['python'] as never }),
  ])
  const ids = async (query: string) =>
    ((await send('GET', `/instances?${query}`)).json as InstanceView[]).map(({ id }) => id)
  for (const [query, found] of [
    ['health=passing', [spec.id]],
    ['health_status=healthy', [spec.id]],
    ['status=registered', ['ai']],
    ['routable=yes', [spec.id]],
    ['type=ai-service', ['ai']],
    ['service_type=ai-service&health=unknown', ['ai']],
    ['service=ai&health=passing', []],
    ['cluster=zervigo', ['ai', spec.id]],
    ['cluster_id=looma', []],
    ['site=tencent&tag=python', ['ai']],
    ['origin=client', []],
  ] as const) {
    t.strictSame(await ids(query), found, query)
  }
})

t.test('a query that makes no sense is answered with the parameter that is wrong', async (t) => {
  const { send } = await serveApi(t, joined)
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=1.5', 'limit'],
    ['health=fine', 'health'],
    ['colour=red', 'colour'],
    ['service=a&service=b', 'service'],
  ] as const) {
    t.match(await send('GET', `/instances?${query}`), { status: 400, json: { problems: [{ field }] } }, query)
  }
})

t.test('what has not changed is not sent again', async (t) => {
  const { send, record } = await serveApi(t, joined)
  for (const path of [`/instances/${spec.id}`, `/nodes/${node.id}`]) {
    const { etag } = await send('GET', path)
    t.match(await send('GET', path, undefined, { 'if-none-match': etag }), { status: 304, json: undefined })
    t.match(await send('GET', path, undefined, { 'if-none-match': '"other"' }), { status: 200 })
  }
  const before = await send('GET', `/nodes/${node.id}`)
  await record(passing(spec.id), { by: 'agent:test' })
  t.not((await send('GET', `/nodes/${node.id}`)).etag, before.etag)
})

t.test('each single thing that can be read carries its version, as the document says', async (t) => {
  const { send, record } = await serveApi(t, joined)
  await record({ kind: 'settings-written', scope: 'all', document: {}, comment: '', restores: null }, { by: 'a' })
  const restart = { kind: 'restart-ordered', node: node.id, id: 'r-1', name: 'crm', reason: '', expiresAt: 9 } as const
  await record(restart, { by: 'a' })
  const isSingle = (path: string) => /\{(id|scope)\}/.test(path) && !/^\/(discovered|environments|upgrades)/.test(path)
  const single = operations.filter(({ method, path }) => method === 'get' && isSingle(path))
  t.ok(single.length >= 7)
  for (const { path, marks } of single) {
    t.ok(marks?.includes('versioned'), path)
    const names = { id: path.startsWith('/nodes') ? node.id : spec.id, scope: 'all', version: '1', restart: 'r-1' }
    const target = path.replace(/\{(\w+)\}/g, (_, name: keyof typeof names) => names[name])
    const { etag, status } = await send('GET', target)
    t.equal(status, 200, target)
    t.match(await send('GET', target, undefined, { 'if-none-match': etag }), { status: 304, etag }, target)
    t.match(await send('GET', target, undefined, { 'if-none-match': '"other"' }), { status: 200 }, target)
  }
})

t.test('a change that depends on what was read is refused when that has changed, with what there is now', async (t) => {
  const { send, record } = await serveApi(t, joined)
  const body = { admission: 'draining', reason: 'upgrade', by: 'alice' }
  for (const path of [`/instances/${spec.id}`, `/nodes/${node.id}`]) {
    const { etag } = await send('GET', path)
    await record(passing(spec.id), { by: 'agent:test' })
    await record({ kind: 'judged', instance: spec.id, health: 'warning', reason: { code: 'ok' } }, { by: 'agent:test' })
    const refused = await send('PUT', `${path}/admission`, body, { 'if-match': etag })
    t.match(refused, { status: 412, json: { code: 'VERSION_CHANGED', current: { id: String } } }, path)
    const { etag: now } = await send('GET', path)
    t.match(await send('PUT', `${path}/admission`, body, { 'if-match': now }), { status: 200 }, path)
    t.match(await send('PUT', `${path}/admission`, { ...body, admission: 'active' }, { 'if-match': '*' }), {
      status: 200,
    })
  }
})
