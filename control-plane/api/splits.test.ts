import t, { type Test } from 'tap'
import { splitFleet, splitText } from '#test/support/routing/split-fleet.ts'
import { serveApi } from '#test/support/serve-v1.ts'
import { waitFor } from '#test/support/wait.ts'

async function setUp(t: Test) {
  const { send, routing } = await serveApi(t, splitFleet)
  const request = { files: [{ file: 'r.yaml', text: splitText }], comment: 'split', by: 'alice' }
  t.match(await send('POST', '/routing/versions', request), { status: 200 })
  const published = () => routing.parts.routing.tableFor('a')
  await waitFor(published, { what: 'a table', withinMs: 20_000 })
  const steer = (action: string, headers = {}) =>
    send('POST', '/routing/splits/crm', { action, by: 'alice', reason: 'release' }, headers)
  return { send, steer, store: routing.store }
}

await t.test('a split is listed, looked at and steered', async (t) => {
  const { send, steer } = await setUp(t)
  t.match(await send('GET', '/routing/splits'), {
    status: 200,
    json: [{ service: 'crm', phase: 'ready', steps: ['cohort', '10%', '100%'], users_percent: 0, cohort: false }],
  })
  const { etag } = await send('GET', '/routing/splits/crm')
  t.match(await send('GET', '/routing/splits/crm', undefined, { 'if-none-match': etag }), { status: 304 })
  const started = await steer('start', { 'if-match': etag })
  t.match(started, {
    status: 200,
    json: {
      changed: true,
      split: {
        ...{ phase: 'running', cohort: true, users_percent: 0, by: 'header x-user-id', source: 'r.yaml:4' },
        transitions: [{ by: 'alice', reason: 'asked', why: 'release', step: 'cohort', measured: { canary: null } }],
      },
    },
  })
  t.match(await steer('promote'), { json: { split: { step: 1, users_percent: 10 } } })
  t.match(await steer('pause'), { json: { split: { phase: 'paused' } } })
  t.match(await steer('pause'), { status: 200, json: { changed: false } })
  t.match(await steer('abort'), { json: { split: { phase: 'aborted', users_percent: 0, cohort: false } } })
})

await t.test('an abort that could not be stored is not told as one that was', async (t) => {
  const { steer, store } = await setUp(t)
  await steer('start')
  store.writable = false
  const unkept = { status: 200, json: { changed: true, unkept: /no room/, split: { phase: 'aborted' } } }
  t.match(await steer('abort'), unkept)
  t.match(await steer('abort'), unkept)
  store.writable = true
  const stored = await steer('abort')
  t.match(stored, { status: 200, json: { changed: false, split: { phase: 'aborted' } } })
  t.equal(JSON.stringify(stored).includes('unkept'), false)
})

await t.test('what cannot be done is refused with what there is', async (t) => {
  const { send, steer } = await setUp(t)
  const { etag } = await send('GET', '/routing/splits/crm')
  t.match(await steer('promote'), { status: 409, json: { code: 'SPLIT_REFUSED', current: { phase: 'ready' } } })
  t.match(await steer('start'), { status: 200 })
  t.match(await steer('abort', { 'if-match': etag }), {
    status: 412,
    json: { code: 'VERSION_CHANGED', current: { phase: 'running' } },
  })
  t.match(await steer('explode'), { status: 400, json: { problems: [{ field: 'action' }] } })
  t.match(await send('GET', '/routing/splits/erp'), { status: 404, json: { remedy: /heddle split list/ } })
  t.match(await send('POST', '/routing/splits/erp', { action: 'start', by: 'alice' }), { status: 404 })
})
