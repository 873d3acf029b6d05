import t from 'tap'
import type { AgentPage } from '../agent-page.ts'
import { agentFindings } from './agent.ts'

const url = 'http://127.0.0.1:9180/health'
const page = (session: object, more: object = {}): AgentPage => ({
  ...{ kind: 'answered', url, tookMs: 3 },
  health: {
    ...{ version: '1.0.0', node: 'n-a', unacknowledged: 0 },
    session: { state: 'connected', plane: 'https://p:8888', for_ms: 60_000, ...session },
    ...more,
  },
})
const failed: AgentPage = {
  ...{ kind: 'failed', url },
  failed: { kind: 'failed', step: 'connect', why: 'ECONNREFUSED', remedy: '', tookMs: 1 },
}

for (const { what, page: said, isRunning = true, says } of [
  { what: 'that is heard', page: page({}), says: ['ok: the agent n-a (1.0.0) is heard by https://p:8888 (3 ms)'] },
  { what: 'that does not run', page: failed, isRunning: false, says: ['ok: no agent runs by a.yaml yet'] },
  {
    what: 'that runs and does not answer',
    page: failed,
    says: [/^error: the agent of a\.yaml runs, and .*step connect/],
  },
  {
    what: 'that is another program',
    page: { kind: 'stranger', url, status: 404 },
    says: [/^error: .*is no agent: status 404/],
  },
  { what: 'without a page', page: { kind: 'off' }, says: [/^ok: .*switched off/] },
  {
    what: 'that nobody hears',
    page: page({ state: 'connecting', why: 'PLANE_UNREACHABLE: no' }),
    says: [/^error: no plane hears .* for 60 s: PLANE_UNREACHABLE/],
  },
  {
    what: 'that has just lost its plane',
    page: page({ state: 'connecting', for_ms: 100 }),
    says: [/^warning: no plane/],
  },
  {
    what: 'that waits to be let in',
    page: page({ state: 'connecting' }, { certificate: { state: 'waiting', why: 'it waits' } }),
    says: [/^error/, /^warning: .*waits until somebody/],
  },
  {
    what: 'whose certificate is not renewed',
    page: page({}, { certificate: { state: 'enrolled', why: 'IDENTITY_UNKNOWN: no' } }),
    says: [/^ok/, /^warning: .*refused its next certificate: IDENTITY_UNKNOWN/],
  },
  { what: 'that lags behind', page: page({}, { unacknowledged: 5_000 }), says: [/^ok/, /^warning: 5000 reports/] },
] as const) {
  t.test(`an agent ${what} is told of`, async (t) => {
    const found = agentFindings(said, { file: 'a.yaml', isRunning })
    t.match(
      found.map(({ level, text }) => `${level}: ${text}`),
      says,
    )
    t.equal(found.length, says.length)
    for (const { level, remedy } of found) t.equal(remedy !== undefined, level !== 'ok')
  })
}
