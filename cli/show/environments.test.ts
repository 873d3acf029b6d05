import t from 'tap'
import type { EnvironmentView } from '#shared/protocol/environment-api.ts'
import { showEnvironment, showEnvironments, showTenants } from './environments.ts'
import { plain } from './style.ts'

const style = { paint: plain, now: Date.parse('2026-11-22T12:00:00.000Z') }
const environment: EnvironmentView = {
  ...{ id: 'e-1', number: 1, tenant: 'acme', state: 'ready' },
  user: { name: '安娜', email: 'anna@example.com', id: 'u-1' },
  server: { instance: 'bs-1', node: 'n-1', site: 'tencent', machine: 'm-1', address: '10.0.0.1:8080', routable: true },
  ...{ units: 2, permissions: ['data:read'], author: 'token:root', reason: 'trial', code: null, why: null },
  ...{ created_at: '2026-11-22T11:00:00.000Z', updated_at: '2026-11-22T11:00:00.000Z', expires_at: null },
}

t.test('environments are shown with whose they are and where', async (t) => {
  t.equal(showEnvironments([], style), 'There is no environment.')
  const ended: EnvironmentView = {
    ...environment,
    ...{ id: 'e-2', tenant: null, state: 'undoing', expires_at: '2026-12-01T00:00:00.000Z' },
  }
  const text = showEnvironments([environment, ended], style)
  t.match(text, /e-1 +安娜 +acme +ready +bs-1 +tencent +2 +1h +-/)
  t.match(text, /e-2 +安娜 +- +undoing .*2026-12-01T00:00/)
})

t.test('one is shown with what it may, and why it is not there', async (t) => {
  t.match(showEnvironment(environment), /e-1: ready, of the tenant acme\n.*安娜 <anna@example.com>, in Zervi u-1/)
  const failed: EnvironmentView = {
    ...environment,
    ...{ state: 'failed', tenant: null, permissions: [], why: 'Zervi did not answer', expires_at: '2026-12-01' },
    user: { name: 'bert', email: null, id: null },
    server: { ...environment.server, site: '', address: null, routable: false },
  }
  t.match(
    showEnvironment(failed),
    /not there now[\s\S]*May +nothing[\s\S]*Until +2026-12-01\nWhy +Zervi did not answer/,
  )
})

t.test('tenants are shown with what they have of what they may', async (t) => {
  t.equal(showTenants([], style), 'There is no tenant.')
  const has = { nodes: 2, instances: 3, environments: 1, metrics: 0 }
  const may = { nodes: 2, instances: 10, environments: 5, metrics: 9 }
  t.match(
    showTenants([{ tenant: 'acme', has, may, refused: { ...has, metrics: 4 } }], style),
    /acme +2 of 2 +3 of 10 +1 of 5 +0 of 9 +10/,
  )
})
