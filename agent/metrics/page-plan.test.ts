import t from 'tap'
import { ServiceConfig } from '../checks/config.ts'
import { plansOf } from '../checks/plan.ts'
import { pagesOf } from './page-plan.ts'

function pages(...services: readonly object[]) {
  const configs = services.map((service) => ServiceConfig.parse(service))
  return pagesOf(configs, plansOf(configs, { id: 'n-aaaaaaaaaaaa', address: '10.0.0.7', commands: {} }))
}

t.test('a service checked over HTTP is asked for its metrics where it is checked', async (t) => {
  t.match(pages({ name: 'crm', port: 8080, checks: [{ kind: 'http', port: 8443, tls: true, host: 'crm.internal' }] }), [
    {
      address: '10.0.0.7',
      port: 8443,
      tls: true,
      host: 'crm.internal',
      path: '/metrics',
      everyMs: 15_000,
      expected: false,
    },
  ])
})

t.test('what speaks another protocol is not asked, unless it is said that it has a page', async (t) => {
  t.strictSame(pages({ name: 'redis', port: 6379, checks: [{ kind: 'tcp' }] }), [])
  t.match(pages({ name: 'redis', port: 6379, checks: [{ kind: 'tcp' }], metrics: { port: 9121 } }), [
    { port: 9121, tls: false, expected: true },
  ])
  t.strictSame(pages({ name: 'crm', port: 8080, metrics: false }), [])
})

t.test('a page of its own is read as it is configured, within half of the time of a check', async (t) => {
  const metrics = { path: '/stats/prometheus', port: 9901, interval: '30s', keep: ['envoy_*'] }
  const checks = [{ kind: 'http', timeout: '600ms', tls: true }]
  const [page] = pages({ name: 'edge', port: 8080, checks, metrics })
  t.match(page, {
    path: '/stats/prometheus',
    port: 9901,
    everyMs: 30_000,
    timeoutMs: 300,
    keep: ['envoy_*'],
    tls: false,
  })
})
