import fc from 'fast-check'
import t from 'tap'
import { RoutingFleet } from '#test/support/routing/routing-fleet.ts'
import type { Declaration } from '../declaration/declaration.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { Traffic } from '../traffic/traffic.ts'
import { planOf } from './plan.ts'
import { diffGateway, gatewayPlans } from './table-diff.ts'

const head = `gateways:
  edge: { proxy: envoy, listeners: [{ port: 80 }] }
  side: { proxy: nginx, listeners: [{ port: 81, client: app }] }
`
const users = '  - { prefix: /users, service: user, path: keep }\n'
const jobs = '  - { prefix: /jobs, service: job, path: keep, gateways: [side] }\n'

function declared(text: string): Declaration {
  const { declaration, problems } = parseDeclaration([{ file: 'r.yaml', text }])
  if (!declaration) throw new Error(JSON.stringify(problems))
  return declaration
}

const plan = (before: string | undefined, after: string, fleet = new RoutingFleet().fleet, traffic = new Traffic()) =>
  planOf(before === undefined ? undefined : declared(before), declared(after), { fleet, traffic, now: 1_000_000 })

const partsOf = (result: ReturnType<typeof plan>) =>
  result.changes.flatMap(({ gateway, parts }) =>
    parts.map(({ change, kind, name, keys }) => [gateway, change, kind, name, ...keys.map(({ key }) => key)].join(' ')),
  )

const routes = `${head}routes:\n${users}${jobs}`
for (const { name, after, parts, concerned } of [
  { name: 'nothing', after: routes, parts: [], concerned: [] },
  { name: 'only comments and lines', after: `# hello\n\n${routes}`, parts: [], concerned: [] },
  {
    name: 'a route that comes',
    after: `${routes}  - { prefix: /x, service: user, path: keep, gateways: [edge] }\n`,
    parts: ['edge added route x'],
    concerned: [['x']],
  },
  {
    name: 'a route that goes',
    after: `${head}routes:\n${users}`,
    parts: ['side removed route jobs', 'side removed service job'],
    concerned: [['jobs']],
  },
  {
    name: 'a route that changes',
    after: routes.replace('service: user, path: keep', 'service: user, path: strip, retries: 3'),
    parts: [
      'edge changed route users action.path.kind action.retries',
      'side changed route users action.path.kind action.retries',
    ],
    concerned: [['users'], ['users']],
  },
  {
    name: 'the policy of a service',
    after: `services: { user: { balance: random } }\n${routes}`,
    parts: ['edge changed service user balance', 'side changed service user balance'],
    concerned: [['users'], ['users']],
  },
  {
    name: 'a listener',
    after: routes.replace('port: 80', 'port: 8080'),
    parts: ['edge removed listener port-80', 'edge added listener port-8080'].toReversed().toReversed(),
    concerned: [['users']],
  },
  {
    name: 'the rate of a client',
    after: `clients: { app: { rate: { requests: 5/s } } }\n${routes}`,
    parts: ['side changed client app rate'],
    concerned: [['jobs', 'users']],
  },
  {
    name: 'the mode of a gateway',
    after: routes.replace('edge: { proxy: envoy', 'edge: { proxy: envoy, mode: observe'),
    parts: ['edge changed gateway edge mode'],
    concerned: [['users']],
  },
]) {
  t.test(`a plan that changes ${name}`, async (t) => {
    const result = plan(routes, after)
    t.strictSame([...partsOf(result)].sort(), [...parts].sort())
    t.strictSame(
      result.changes.map((each) => each.routes),
      concerned,
    )
  })
}

t.test('a value is told as it was and as it will be', async (t) => {
  const { changes } = plan(routes, routes.replace('service: job, path', 'service: job, timeout: 3s, path'))
  t.match(changes[0]?.parts, [
    { source: 'r.yaml:6', keys: [{ key: 'action.timeoutMs', before: 15_000, after: 3_000 }] },
  ])
})

t.test('whom it concerns: gateways, routes, the instances that they lead to, and known requests', async (t) => {
  const world = new RoutingFleet()
  world.add('user', 1)
  world.add('job', 2)
  world.add('other', 3)
  const traffic = new Traffic()
  const after = `${head}routes:\n${users}`
  const radius = () => plan(routes, after, world.fleet, traffic).radius
  t.strictSame(radius(), { gateways: ['side'], routes: 1, instances: ['job-2'], requests: undefined })
  const count = (route: string, requests: number) => ({ route, requests, errors: 0, totalMs: 0 })
  traffic.count('side', [count('jobs', 100), count('users', 300)], 999_000)
  t.equal(radius().requests, undefined, 'nobody counts at the other gateway')
  traffic.count('edge', [count('users', 600)], 999_000)
  t.strictSame(radius().requests, { concerned: 100, all: 1_000 })
})

t.test('of the first version everything is added', async (t) => {
  const { changes, radius } = plan(undefined, routes)
  t.ok(changes.every(({ parts }) => parts.every(({ change }) => change === 'added')))
  t.strictSame(radius.gateways, ['edge', 'side'])
})

/** Declarations of a few gateways, services and routes, as text. */
const anyDeclaration = fc
  .record({
    second: fc.boolean(),
    port: fc.constantFrom(80, 8080),
    balance: fc.constantFrom('round_robin', 'random', undefined),
    routes: fc.uniqueArray(
      fc.record({
        path: fc.constantFrom('/a', '/b', '/b/c', '/d'),
        service: fc.constantFrom('user', 'job', 'basic-*'),
        change: fc.constantFrom('keep', 'strip'),
        retries: fc.integer({ min: 0, max: 5 }),
      }),
      { maxLength: 4, selector: ({ path }) => path },
    ),
  })
  .map(({ second, port, balance, routes }) => {
    const lines = routes.map(
      ({ path, service, change, retries }) =>
        `  - { prefix: ${path}, service: '${service}', path: ${change}, retries: ${retries} }\n`,
    )
    const gateways = `gateways:\n  edge: { proxy: envoy, listeners: [{ port: ${port} }] }\n${second ? '  side: { proxy: nginx, listeners: [{ port: 81 }] }\n' : ''}`
    const services = balance === undefined ? '' : `services: { user: { balance: ${balance} } }\n`
    return declared(`${gateways}${services}routes:${lines.length === 0 ? ' []' : `\n${lines.join('')}`}`)
  })

t.test('after an apply the plan is empty, and the way back takes back exactly what the way there did', async (t) => {
  const about = { fleet: new RoutingFleet().fleet, traffic: new Traffic(), now: 0 }
  const opposite = { added: 'removed', removed: 'added', changed: 'changed' } as const
  const property = fc.property(anyDeclaration, anyDeclaration, (before, after) => {
    t.strictSame(planOf(after, after, about).changes, [])
    const there = planOf(before, after, about).changes
    const back = planOf(after, before, about).changes
    const names = (changes: typeof there, turned: boolean) =>
      changes.flatMap(({ gateway, parts }) =>
        parts.map(({ change, kind, name, keys }) => {
          const turn = (key: (typeof keys)[number]) => (turned ? { ...key, before: key.after, after: key.before } : key)
          return JSON.stringify([gateway, turned ? opposite[change] : change, kind, name, keys.map(turn)])
        }),
      )
    return JSON.stringify(names(there, false)) === JSON.stringify(names(back, true))
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 60 }))
})

t.test('a gateway that is as it was has no difference, wherever its parts stand', async (t) => {
  const [a, b] = [declared(routes), declared(`\n\n${routes}`)].map((each) => gatewayPlans(each).get('side'))
  t.strictSame(diffGateway(a, b), [])
  t.strictSame(diffGateway(undefined, undefined), [])
})

t.test('what a split does otherwise concerns the routes to its service, though they are the same', async (t) => {
  const split = (step: string) =>
    `${head}splits:\n  job: { canary: { service: job-next }, steps: [${step}, 100%] }\nroutes:\n${users}${jobs}`
  const other = plan(split('10%'), split('20%'))
  t.strictSame(partsOf(other), ['side changed split job steps'])
  t.strictSame(
    other.changes.map(({ routes }) => routes),
    [['jobs']],
  )
  t.match(partsOf(plan(routes, split('10%'))), [/changed route jobs/, /added service job-next/, /added split job/])
})
