import t from 'tap'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import { parseDeclaration } from './declaration/parse.ts'
import { Lines } from './lines.ts'

function declared(number: number, balance: string, more = '') {
  const text = `gateways:
  a: { proxy: envoy, listeners: [{ port: 1 }] }
  b: { proxy: envoy, listeners: [{ port: 2 }] }
${more}services: { user: { balance: ${balance} } }
routes: [{ prefix: /users, service: user, path: keep, name: v${number} }]
`
  const { declaration } = parseDeclaration([{ file: 'r.yaml', text }])
  if (!declaration) throw new Error('not a declaration')
  return { number, declaration }
}

function setUp() {
  const world = new RoutingFleet()
  const lines = new Lines(world.fleet)
  world.fleet.watch((change) => lines.update(change))
  const declare = (...versions: Parameters<Lines['declare']>) => {
    lines.declare(...versions)
    lines.want(() => [])
  }
  const balances = () => ['a', 'b'].map((gateway) => lines.service(gateway, 'user')?.balance)
  const routes = () => [...lines.frames].map(([name, { routes }]) => `${name}:${routes[0]?.name}`)
  return { world, lines, declare, balances, routes }
}

t.test('gateways of two versions have the routes and the policies of their own, and the same endpoints', async (t) => {
  const { world, lines, declare, balances, routes } = setUp()
  declare(declared(1, 'random'))
  const id = world.add('user', 7)
  declare(declared(1, 'random'), { ...declared(2, 'ip_hash'), gateways: new Set(['b']) })
  t.strictSame(balances(), ['random', 'ip_hash'])
  t.strictSame(routes(), ['a:v1', 'b:v2'])
  t.strictSame([lines.numberOf('a'), lines.numberOf('b')], [1, 2])
  lines.settled()
  world.fails(id)
  t.ok(lines.changed)
  for (const gateway of ['a', 'b']) {
    t.ok(lines.changedFor(gateway).has('user'))
    t.strictSame(lines.service(gateway, 'user')?.endpoints, [])
  }
  t.equal(lines.leftOut(id)?.reason.code, 'refused')
  declare(declared(2, 'ip_hash'))
  t.strictSame(balances(), ['ip_hash', 'ip_hash'])
  t.strictSame(routes(), ['a:v2', 'b:v2'])
})

t.test(
  'a gateway that only the new version has comes with its stage, one that only the former has goes with it',
  async (t) => {
    const { declare, routes } = setUp()
    const more = '  c: { proxy: envoy, listeners: [{ port: 3 }] }\n'
    declare(declared(1, 'random', more), { ...declared(2, 'random'), gateways: new Set(['a']) })
    t.strictSame(routes(), ['a:v2', 'b:v1', 'c:v1'])
    declare(declared(1, 'random', more), { ...declared(2, 'random'), gateways: new Set(['a', 'c']) })
    t.strictSame(routes(), ['a:v2', 'b:v1'])
    declare(declared(1, 'random'), { ...declared(2, 'random', more), gateways: new Set(['c']) })
    t.strictSame(routes(), ['a:v1', 'b:v1', 'c:v2'])
  },
)

t.test('a version that takes the place of another makes no service anew that is as it was', async (t) => {
  const { world, lines, declare } = setUp()
  declare(declared(1, 'random'))
  world.add('user', 7)
  const { endpoints } = lines.service('a', 'user') ?? {}
  declare(declared(2, 'random'))
  t.equal(lines.service('a', 'user')?.endpoints, endpoints)
})

t.test('a change that was missed is found in every version', async (t) => {
  const world = new RoutingFleet()
  const lines = new Lines(world.fleet)
  lines.declare(declared(1, 'random'), { ...declared(2, 'ip_hash'), gateways: new Set(['b']) })
  lines.want(() => [])
  world.add('user', 7)
  t.strictSame(
    [...lines.compare()],
    [
      { service: 'user', missed: true },
      { service: 'user', missed: true },
    ],
  )
  t.strictSame(
    [...lines.compare()].map(({ missed }) => missed),
    [false, false],
  )
})
