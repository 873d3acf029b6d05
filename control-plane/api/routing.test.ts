import t, { type Test } from 'tap'
import type { AppliedView, PlanView } from '#shared/protocol/routing-api.ts'
import { joined, serveApi } from '#test/support/serve-v1.ts'
import { waitFor } from '#test/support/wait.ts'

const text = (service: string) => `gateways:
  a: { proxy: envoy, listeners: [{ port: 1 }] }
  b: { proxy: nginx, listeners: [{ port: 2 }] }
routes: [{ prefix: /x, service: ${service}, path: keep, rate: { requests: 5/s } }]
`
const files = (service: string) => [{ file: 'r.yaml', text: text(service) }]
const request = (service: string, about: object = {}) => ({
  files: files(service),
  comment: `to ${service}`,
  by: 'alice',
  ...about,
})

async function setUp(t: Test) {
  const { send, routing } = await serveApi(t, joined)
  const prove = (number: number, ...gateways: readonly string[]) => {
    for (const gateway of gateways) {
      routing.said.set(gateway, { given: number, proven: number, rejected: [], remarks: [] })
    }
  }
  const holds = (number: number) =>
    waitFor(async () => (await send('GET', '/routing')).json.holds?.number, {
      what: `version ${number}`,
      withinMs: 20_000,
      until: (seen) => seen === number,
    })
  return { send, routing, prove, holds }
}

await t.test('a declaration is planned, applied and read, with its number as ETag', async (t) => {
  const { send, prove, holds } = await setUp(t)
  t.match(await send('GET', '/routing/declaration'), { status: 404, json: { remedy: /heddle apply/ } })
  t.match(await send('GET', '/routing/diff'), { status: 404 })
  t.match(await send('GET', '/routing'), { status: 200, json: { holds: null, underway: null, gateways: [] } })
  const first = await send('POST', '/routing/versions', request('one'), { 'if-match': '"0"' })
  t.match(first, { status: 200, json: { changed: true, version: { number: 1, state: 'applied', author: 'alice' } } })
  t.match(await send('POST', '/routing/versions', request('one')), { status: 200, json: { changed: false } })

  const plan = (await send('POST', '/routing/plan', { files: files('two') })).json as PlanView
  t.match(plan, { valid: true, base: 1, changes: [{ gateway: 'a' }, { gateway: 'b' }], radius: { routes: 2 } })

  const second = await send('POST', '/routing/versions', request('two', { stages: ['b'] }), { 'if-match': '"1"' })
  const { version } = second.json as AppliedView
  t.match(version.stages, [
    { name: 'b', state: 'underway' },
    { name: 'all', state: 'waiting' },
  ])
  t.match(await send('POST', '/routing/versions', request('three')), {
    status: 409,
    json: { code: 'APPLY_UNDERWAY', current: { holds: { number: 2 } } },
  })
  prove(2, 'a', 'b')
  await holds(2)
  t.match(await send('GET', '/routing/versions/2'), { json: { holds: true, files: [{ file: 'r.yaml' }] } })
  t.match(await send('GET', '/routing/diff'), {
    json: { from: 1, to: 2, changes: [{ gateway: 'a' }, { gateway: 'b' }] },
  })
  t.match(await send('GET', '/routing/versions?limit=1'), { json: [{ number: 2 }] })
  t.match(await send('GET', '/routing/versions?before=2'), { json: [{ number: 1, holds: false, state: 'applied' }] })
  t.match(await send('POST', '/routing/versions', request('three'), { 'if-match': '"1"' }), {
    status: 412,
    json: { code: 'VERSION_CHANGED', current: { made_for: '"1"', holds: { number: 2, author: 'alice' } } },
  })
})

await t.test('a rollback and an abort go by the same way', async (t) => {
  const { send, prove, holds } = await setUp(t)
  const how = { comment: 'c', by: 'bob' }
  t.match(await send('POST', '/routing/rollback', { to: 1, ...how }), { status: 404 })
  t.match(await send('POST', '/routing/abort', { by: 'bob' }), { status: 409, json: { code: 'NOTHING_UNDERWAY' } })
  await send('POST', '/routing/versions', request('one'))
  await send('POST', '/routing/versions', request('two'))
  prove(2, 'a', 'b')
  await holds(2)
  t.match(await send('POST', '/routing/rollback', { to: 1, ...how }, { 'if-match': '"1"' }), { status: 412 })
  t.match(await send('POST', '/routing/rollback', { to: 1, ...how }), {
    status: 200,
    json: { version: { number: 3, restores: 1, author: 'bob', state: 'staged' } },
  })
  t.match(await send('POST', '/routing/abort', { by: 'carol', reason: 'no' }), {
    status: 200,
    json: { version: { number: 3, state: 'halted', why: 'aborted by carol: no' } },
  })
  t.match(await send('GET', '/routing'), { json: { holds: { number: 2 }, underway: null } })
})

await t.test('what is wrong is refused with every place, and makes no version', async (t) => {
  const { send } = await setUp(t)
  const bad = [{ file: 'r.yaml', text: `${text('one')}nonsense: 1\nservices: { one: { balance: x } }\n` }]
  t.match((await send('POST', '/routing/plan', { files: bad })).json, {
    valid: false,
    problems: [
      { file: 'r.yaml', line: 6, path: 'services.one.balance' },
      { line: 5, path: 'nonsense' },
    ],
  })
  t.match(await send('POST', '/routing/versions', request('one', { files: bad })), {
    status: 400,
    json: { code: 'DECLARATION_INVALID', problems: [{ field: /^r\.yaml:6 services/ }, { field: /^r\.yaml:5/ }] },
  })
  await send('POST', '/routing/versions', request('one'))
  t.match(await send('POST', '/routing/versions', request('two', { stages: ['nobody'] })), {
    status: 400,
    json: { problems: [{ field: 'stages' }] },
  })
  for (const path of ['/routing/versions/0', '/routing/versions/x', '/routing/versions/77']) {
    t.match(await send('GET', path), { status: 404, json: { remedy: /heddle history/ } }, path)
  }
  t.match(await send('GET', '/routing/versions?limit=0'), { status: 400 })
  t.match((await send('GET', '/routing')).json.holds, { number: 1 })
})

await t.test('the routes of a gateway are told as it has them', async (t) => {
  const { send } = await setUp(t)
  await send('POST', '/routing/versions', request('one'))
  const routes = () => send('GET', '/routing/gateways/a/routes')
  await waitFor(routes, { what: 'the table', withinMs: 20_000, until: ({ status }) => status === 200 })
  t.match((await routes()).json, {
    gateway: 'a',
    proxy: 'envoy',
    version: 1,
    routes: [
      { name: 'x', match: 'prefix /x', to: 'one', path: 'keep', access: 'open', endpoints: 0, source: 'r.yaml:4' },
    ],
  })
  t.match((await routes()).json.routes[0].policy, [
    'rate 5 in 1 s by route',
    'body 64 MiB',
    'timeout 15 s',
    'retries 1',
  ])
  t.match(await send('GET', '/routing/gateways/nobody/routes'), { status: 404, json: { remedy: /heddle routes/ } })
})
