import t from 'tap'
import { Fleet } from '../../fleet/fleet.ts'
import type { RouteTable } from '../table.ts'
import { NginxGateways } from './gateways.ts'

const table = (proxy: 'nginx' | 'envoy', mode: 'apply' | 'observe' = 'apply'): RouteTable => ({
  gateway: 'edge',
  proxy,
  mode,
  logs: { access: undefined, attempts: undefined },
  listeners: [{ name: 'main', address: '127.0.0.1', port: 8090, source: 'routes.yaml:2' }],
  routes: [],
  services: [],
  source: 'routes.yaml:1',
})

const update = (of: RouteTable) => ({ table: of, revision: 1, urgent: false, besides: [] })

function gateways() {
  const sent: (readonly [string, string | undefined])[] = []
  const send = (gateway: string, files: { readonly version: string } | undefined) =>
    sent.push([gateway, files?.version])
  return { sent, nginx: new NginxGateways({ fleet: new Fleet(), send, now: () => 0 }) }
}

t.test('a gateway that leaves the declaration is taken from its agents, and is no sink any more', async (t) => {
  const { sent, nginx } = gateways()
  nginx.take(update(table('nginx')))
  t.strictSame(
    nginx.sinks().map((sink) => sink.status().name),
    ['nginx:edge'],
  )
  nginx.withdraw('edge')
  nginx.withdraw('edge')
  t.strictSame(nginx.sinks(), [])
  t.match(sent, [
    ['edge', String],
    ['edge', undefined],
  ])
})

t.test('a gateway that becomes an Envoy is no Nginx any more', async (t) => {
  const { sent, nginx } = gateways()
  nginx.take(update(table('nginx')))
  nginx.take(update(table('envoy')))
  t.strictSame(nginx.sinks(), [])
  t.equal(sent.length, 2)
})

t.test('a change of the mode makes a new sink', async (t) => {
  const { nginx } = gateways()
  nginx.take(update(table('nginx', 'observe')))
  nginx.take(update(table('nginx', 'apply')))
  t.strictSame(
    nginx.sinks().map((sink) => sink.status().mode),
    ['apply'],
  )
})
