import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { reason } from '#shared/protocol/reason.ts'
import { freePort } from '#test/support/ports.ts'
import { waitFor } from '#test/support/wait.ts'
import { Drops } from '../metrics/drops.ts'
import { serveAdmin } from './serve-admin.ts'
import type { AgentState } from './state.ts'

const probe = { kind: 'tcp', address: '10.0.0.1', port: 80, timeoutMs: 2000 } as const
const verdict = {
  health: 'critical',
  reason: reason('identity_mismatch', { expected: 'crm', answered: 'x"y\\z\n' }),
} as const
const spec = {
  id: 'crm-1',
  service: 'c"r\\m\n',
  address: '10.0.0.1',
  port: 80,
  tags: [],
  metadata: {},
  checks: [probe],
}
const state: AgentState = {
  identity: { node: 'n-aaaaaaaaaaaa', machine: 'm', incarnation: 3 },
  name: '节点',
  version: '0.1.0',
  now: 1_000,
  session: { state: 'connected', plane: 'http://p', session: 's', since: 400, sessions: 2 },
  instances: [
    {
      spec,
      verdict,
      at: 900,
      checks: [
        {
          check: { probe, everyMs: 5000, recheckMs: 1000, rise: 2, fall: 2 },
          verdict,
          tookMs: 1.23,
          probes: 7,
          lateMs: 4,
          results: [
            { at: 990, verdict, tookMs: 1.23 },
            {
              at: 500,
              verdict: { health: 'warning', reason: reason('exit_status', { status: '1' }) },
              tookMs: 20,
              said: 'disk #%',
            },
          ],
        },
      ],
      held: { since: 700, found: { health: 'passing', reason: reason('ok') } },
    },
  ],
  pages: {
    pages: [
      {
        plan: {
          instance: 'crm-1',
          address: '10.0.0.1',
          port: 80,
          path: '/metrics',
          tls: false,
          everyMs: 15_000,
          timeoutMs: 1_000,
          keep: [],
          expected: false,
        },
        seen: {
          attempt: { kind: 'absent', why: 'http 404' },
          dialect: undefined,
          metrics: [],
          tookMs: 2,
          nextAt: 601_000,
        },
      },
    ],
    dropped: { ...new Drops().counts, too_many: 7 },
  },
  wires: 1,
  unacknowledged: 0,
  buffer: {
    mostBytes: 1_000,
    edges: { waiting: 3, bytes: 400, inMemory: 1, lost: 1, damagedBytes: 5, failure: 'ENOSPC' },
    samples: { waiting: 2, bytes: 100, inMemory: 0, lost: 2, damagedBytes: 0, failure: undefined },
    failure: 'ENOSPC',
  },
  lagMs: 12,
  rssBytes: 1e6,
  admissions: { 'crm-1': { admission: 'draining', reason: 'upgrade' } },
  authorizers: [],
  orders: {
    logging: { level: 'debug', by: 'operator:anna', reason: 'why' },
    settings: { version: 'all@1', rejected: undefined },
    restarts: { allowed: ['crm'], running: undefined },
    probes_refused: {},
  },
}

t.test('health and metrics are served, and nothing else', async (t) => {
  let now = state
  const port = await freePort()
  await using admin = await serveAdmin({ enabled: true, address: '127.0.0.1', port, names: [] }, () => now)
  t.equal(admin?.port, port)
  const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method })
  const health = await ask('/health?x')
  t.match(await health.json(), {
    status: 'healthy',
    node: 'n-aaaaaaaaaaaa',
    incarnation: 3,
    session: { state: 'connected', for_ms: 600 },
    instances: [
      {
        id: 'crm-1',
        health: 'critical',
        for_ms: 100,
        admission: { admission: 'draining' },
        flapping: { held_for_ms: 300, now: { health: 'passing', reason: 'ok' } },
        checks: [
          {
            kind: 'tcp',
            probes: 7,
            results: [
              { age_ms: 10, health: 'critical', took_ms: 1.2 },
              { age_ms: 500, health: 'warning', reason: 'exit_status status=1', said: 'disk #%' },
            ],
          },
        ],
      },
    ],
  })
  t.match(await (await ask('/health')).json(), {
    metrics: {
      pages: [{ instance: 'crm-1', state: 'absent', why: 'http 404', next_in_ms: 600_000 }],
      dropped: { too_many: 7 },
    },
  })
  const checks = await (await ask('/checks')).text()
  t.strictSame(checks.split('\n'), [
    'crm-1 10.0.0.1:80 critical for 0.1s: identity_mismatch answered=x"y\\z  expected=crm',
    '  held for flapping for 0.3s; its checks say passing: ok',
    '  tcp: critical, every 5.0s',
    '      0.0s ago     1.2 ms  critical identity_mismatch answered=x"y\\z  expected=crm',
    '      0.5s ago    20.0 ms  warning exit_status status=1 "disk #%"',
    '',
  ])
  now = { ...state, session: { ...state.session, state: 'connecting', why: 'refused' } }
  t.match(await (await ask('/health')).json(), { status: 'warning', session: { why: 'refused' } })
  const metrics = await ask('/metrics')
  t.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4')
  const text = await metrics.text()
  for (const line of [
    'heddle_agent_info{node="n-aaaaaaaaaaaa",name="节点",version="0.1.0"} 1',
    'heddle_agent_instance_health{instance="crm-1",service="c\\"r\\\\m\\n"} 2',
    'heddle_agent_instance_held{instance="crm-1",service="c\\"r\\\\m\\n"} 1',
    'heddle_agent_check_late_max_seconds{instance="crm-1",service="c\\"r\\\\m\\n"} 0.004',
    'heddle_agent_session_up 0',
    'heddle_agent_buffer_waiting{kind="changes"} 3',
    'heddle_agent_buffer_lost_total{kind="measurements"} 2',
    'heddle_agent_buffer_on_disk 0',
    'heddle_agent_page_read{instance="crm-1"} 0',
    'heddle_agent_page_dropped_total{cause="too_many"} 7',
    'heddle_agent_loop_lag_seconds 0.012',
  ]) {
    t.ok(text.split('\n').includes(line), line)
  }
  t.equal((await ask('/else')).status, 404)
  t.equal((await ask('/health', 'POST')).status, 405)
  await t.rejects(
    serveAdmin({ enabled: true, address: '127.0.0.1', port, names: [] }, () => now),
    { code: 'PORT_TAKEN' },
  )
})

t.test('switched off, nothing listens', async (t) => {
  t.equal(await serveAdmin({ enabled: false, address: '127.0.0.1', port: 1, names: [] }, () => state), undefined)
})

t.test('without instances no empty family is told', async (t) => {
  const port = await freePort()
  await using _admin = await serveAdmin({ enabled: true, address: '127.0.0.1', port, names: [] }, () => ({
    ...state,
    instances: [],
  }))
  t.notMatch(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), /instance_health/)
  t.equal(await (await fetch(`http://127.0.0.1:${port}/checks`)).text(), 'nothing is checked\n')
})

t.test('connections that say nothing do not pile up, and who goes makes room', async (t) => {
  const port = await freePort()
  await using _admin = await serveAdmin({ enabled: true, address: '127.0.0.1', port, names: [] }, () => state)
  const sockets = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket
    }),
  )
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  await t.rejects(fetch(`http://127.0.0.1:${port}/health`), 'there is no room beside them')
  sockets[0]?.destroy()
  const answered = async () => (await fetch(`http://127.0.0.1:${port}/health`)).status
  t.equal(await waitFor(answered, { what: 'an answer', withinMs: 20_000 }), 200)
})

t.test('a page that somebody looks at on this host learns nothing', async (t) => {
  const port = await freePort()
  await using _admin = await serveAdmin(
    { enabled: true, address: '127.0.0.1', port, names: ['web-1.example'] },
    () => state,
  )
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const { status, body } = await rawAsk(port, headers)
    return { status, learns: body.includes('n-aaaaaaaaaaaa') }
  }
  t.strictSame(await ask({ host: `127.0.0.1:${port}` }), { status: 200, learns: true })
  t.strictSame(await ask({ host: 'web-1.example' }), { status: 200, learns: true })
  t.strictSame(await ask({ host: `evil.example:${port}` }), { status: 421, learns: false })
  t.strictSame(await ask({ host: `127.0.0.1:${port}`, origin: 'https://evil.example' }), { status: 403, learns: false })
  t.strictSame(await ask({ host: `127.0.0.1:${port}`, 'x-long': 'x'.repeat(17 * 1024) }), {
    status: 431,
    learns: false,
  })
})

/** Asks with exactly these headers. */
async function rawAsk(port: number, headers: Readonly<Record<string, string>>) {
  const request = get({ host: '127.0.0.1', port, path: '/health', headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const part of response) body += part
  return { status: response.statusCode, body }
}
