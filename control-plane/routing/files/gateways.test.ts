import t from 'tap'
import { plainFrame, plainListener } from '#test/support/routing/route-tables.ts'
import { Fleet } from '../../fleet/fleet.ts'
import type { RouteTable } from '../table.ts'
import { FileGateways } from './gateways.ts'

const table = (
  proxy: 'nginx' | 'envoy',
  mode: 'apply' | 'observe' = 'apply',
  delivery: RouteTable['delivery'] = proxy === 'envoy' ? 'xds' : 'files',
): RouteTable => ({
  gateway: 'edge',
  proxy,
  delivery,
  mode,
  logs: { access: undefined, attempts: undefined },
  ...plainFrame,
  listeners: [{ ...plainListener, name: 'main', port: 8090 }],
  routes: [],
  services: [],
  source: 'routes.yaml:1',
})

const update = (of: RouteTable) => ({ table: of, revision: 1, urgent: false, declared: 1, besides: [] })

function fileGateways() {
  const sent: (readonly [string, string | undefined])[] = []
  const send = (gateway: string, files: { readonly version: string } | undefined) =>
    sent.push([gateway, files?.version])
  return {
    sent,
    gateways: new FileGateways({ fleet: new Fleet(), send, inspect: async () => undefined, now: () => 0 }),
  }
}

t.test('a gateway that leaves the declaration is taken from its agents, and is no sink any more', async (t) => {
  const { sent, gateways } = fileGateways()
  gateways.take(update(table('nginx')))
  t.strictSame(
    gateways.sinks().map((sink) => sink.status().name),
    ['nginx:edge'],
  )
  gateways.withdraw('edge')
  gateways.withdraw('edge')
  t.strictSame(gateways.sinks(), [])
  t.match(sent, [
    ['edge', String],
    ['edge', undefined],
  ])
})

t.test('a gateway whose Envoy asks the plane gets no files any more', async (t) => {
  const { sent, gateways } = fileGateways()
  gateways.take(update(table('nginx')))
  gateways.take(update(table('envoy')))
  t.strictSame(gateways.sinks(), [])
  t.equal(sent.length, 2)
})

t.test('a change of the mode makes a new sink', async (t) => {
  const { gateways } = fileGateways()
  gateways.take(update(table('nginx', 'observe')))
  gateways.take(update(table('nginx', 'apply')))
  t.strictSame(
    gateways.sinks().map((sink) => sink.status().mode),
    ['apply'],
  )
})

t.test('an Envoy that gets files is a sink of its own kind, and one of another proxy takes its place', async (t) => {
  const { sent, gateways } = fileGateways()
  gateways.take(update(table('envoy', 'apply', 'files')))
  t.match(gateways.sinks()[0]?.status(), { name: 'envoy:edge', kind: 'envoy' })
  gateways.take(update(table('nginx')))
  t.match(
    gateways.sinks().map((sink) => sink.status()),
    [{ name: 'nginx:edge', kind: 'nginx' }],
  )
  t.equal(new Set(sent.map(([, version]) => version)).size, 2)
})
