import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import t, { type Test } from 'tap'
import { quiet } from '#test/support/agents/agents-plane.ts'
import { upgradesWith } from '#test/support/no-upgrades.ts'
import type { Rollout } from '../upgrades/state.ts'
import { notFound, problemHandler } from './problem.ts'
import { upgradesRouter } from './upgrades.ts'

const underWay: Rollout = {
  ...{ id: 7, scope: 'all', version: '2.0.0', sha256: 'ab', stages: ['1', '100%'], stage: 0, phase: 'running' },
  ...{ since: 0, pauseMs: 1_000, soakMs: 5_000, limitMs: 60_000, mostFailedPercent: 0, atOnce: 10, window: null },
  ...{ by: 'eve', reason: 'release', nodes: {}, serial: 3, transitions: [] },
}

async function setUp(t: Test) {
  const app = express().use(
    express.json(),
    upgradesRouter(await upgradesWith([underWay])),
    notFound,
    problemHandler(quiet),
  )
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/upgrades/rollouts`
  const answered = async (response: Response) => ({
    status: response.status,
    etag: response.headers.get('etag') ?? '',
    json: JSON.parse((await response.text()) || 'null'),
  })
  return {
    get: async (id: string, headers = {}) => answered(await fetch(`${base}/${id}`, { headers })),
    steer: async (body: object, headers = {}) => {
      const sent = { 'content-type': 'application/json', ...headers }
      return answered(await fetch(`${base}/7`, { method: 'POST', headers: sent, body: JSON.stringify(body) }))
    },
  }
}

t.test('a rollout carries its version, and what has not changed is not sent again', async (t) => {
  const { get } = await setUp(t)
  const { status, etag, json } = await get('7')
  t.match({ status, etag, json }, { status: 200, etag: '"3"', json: { phase: 'running', serial: 3 } })
  t.match(await get('7', { 'if-none-match': etag }), { status: 304 })
  t.match(await get('7', { 'if-none-match': '"other"' }), { status: 200 })
  for (const id of ['8', '0', 'seven']) t.match(await get(id), { status: 404 }, id)
})

t.test('who steers another rollout than he looked at is answered with both states, and changes nothing', async (t) => {
  const { get, steer } = await setUp(t)
  const { etag } = await get('7')
  const pause = { action: 'pause', reason: 'lunch', by: 'alice' }
  t.match(await steer(pause, { 'if-match': etag }), { status: 200, etag: '"4"', json: { phase: 'paused' } })
  const stop = { action: 'stop', reason: 'enough', by: 'bob' }
  t.match(await steer(stop, { 'if-match': etag }), {
    status: 412,
    json: { code: 'VERSION_CHANGED', current: { phase: 'paused', serial: 4 }, yours: { if_match: etag, change: stop } },
  })
  t.match(await get('7'), { json: { phase: 'paused', serial: 4 } })
})
