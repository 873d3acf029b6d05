import t from 'tap'
import { service } from '#test/support/routing/routing-fleet.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { danglingRoutes, fillTable, refillTable, tableFrames } from './build.ts'

const text = `gateways:
  edge: { proxy: envoy, listeners: [{ port: 8080 }] }
  side: { proxy: nginx, mode: observe, listeners: [{ port: 8090 }] }
routes:
  - { prefix: /, service: home, path: keep, gateways: [edge] }
  - { prefix: /api/users, service: user, path: strip }
  - { name: z, prefix: /api/jobs-1, service: job, path: strip }
  - { name: a, prefix: /api/jobs-2, service: job, path: strip }
`
const { declaration } = parseDeclaration([{ file: 'routes.yaml', text }])
if (!declaration) throw new Error('not a declaration')
const frames = tableFrames(declaration)
const edge = frames.get('edge')
if (!edge) throw new Error('no frame')

await t.test('each gateway has its routes, the most specific first, then by name', async (t) => {
  t.strictSame(
    edge.routes.map(({ name }) => name),
    ['a', 'api-users', 'z', 'root'],
  )
  t.strictSame(
    frames.get('side')?.routes.map(({ name }) => name),
    ['a', 'api-users', 'z'],
  )
  t.match(frames.get('side'), { gateway: 'side', proxy: 'nginx', mode: 'observe', serviceNames: ['job', 'user'] })
})

await t.test('a table has every service that its routes lead to, once, by name', async (t) => {
  const table = fillTable(edge, (name) => service(name))
  t.strictSame(
    table.services.map(({ name }) => name),
    ['home', 'job', 'user'],
  )
  t.strictSame(danglingRoutes(table), [])
  t.notOk('serviceNames' in table)
})

await t.test('routes that lead nowhere are named', async (t) => {
  const table = fillTable(edge, (name) => (name === 'job' ? undefined : service(name)))
  t.strictSame(
    danglingRoutes(table).map(({ name }) => name),
    ['a', 'z'],
  )
})

await t.test('filled again with what has changed, a table is the one that is filled anew', async (t) => {
  const [old, young] = ['least_request', 'random'].map((balance) => {
    const known = new Map(edge.serviceNames.map((name) => [name, service(name, [], { balance: balance as 'random' })]))
    return (name: string) => known.get(name)
  })
  if (!old || !young) throw new Error('no services')
  const before = fillTable(edge, old)
  for (const changed of [[], ['job'], ['home', 'user'], ['other']].map((names) => new Set(names))) {
    const wanted = fillTable(edge, (name) => (changed.has(name) ? young(name) : old(name)))
    t.strictSame(refillTable(before, edge, changed, young), wanted)
  }
  t.equal(refillTable({ ...before, services: [] }, edge, new Set(), young), undefined, 'it was not whole')
  t.equal(
    refillTable(before, edge, new Set(['job']), () => undefined),
    undefined,
    'a service is gone',
  )
})
