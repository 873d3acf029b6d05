import fc from 'fast-check'
import t from 'tap'
import type { Requirement, Taken } from '../fleet/environments.ts'
import { allocate, type Server } from './allocate.ts'

const usual: Requirement = { units: 1, labels: {}, spread: 'site' }

function server(instance: string, more: Partial<Server> = {}): Server {
  return {
    ...{ instance, node: `n-${instance}`, site: 'tencent', machine: `m-${instance}`, cluster: 'zervigo' },
    ...{ labels: {}, capacity: 10 },
    ...more,
  }
}

function held(of: Server, units: number, tenant = 'acme', environments = 1): Taken {
  const { instance, site, machine } = of
  return { instance, site, machine, tenant, units, environments }
}

const [a, b, c] = [server('a'), server('b'), server('c', { site: 'alibaba' })]

for (const { name, servers, taken = [], wanted = {}, gets } of [
  { name: 'the first of those that are alike', servers: [b, a], gets: 'a' },
  { name: 'the one that is least full', servers: [a, b], taken: [held(a, 3, 'other')], gets: 'b' },
  { name: 'a site without one of the tenant first', servers: [a, b, c], taken: [held(a, 1)], gets: 'c' },
  {
    name: 'a machine without one of the tenant first, whatever its site',
    servers: [server('a', { machine: 'm' }), server('b', { machine: 'm' }), server('d')],
    taken: [held(server('a', { machine: 'm' }), 1)],
    wanted: { spread: 'machine' as const },
    gets: 'd',
  },
  {
    name: 'a fuller site where it is asked for',
    servers: [a, c],
    taken: [held(a, 5)],
    wanted: { site: 'tencent' },
    gets: 'a',
  },
  {
    name: 'one with its labels',
    servers: [a, server('z', { labels: { gpu: 'yes', tier: '1' } })],
    wanted: { labels: { gpu: 'yes' } },
    gets: 'z',
  },
  {
    name: 'one of its cluster',
    servers: [a, server('z', { cluster: 'looma' })],
    wanted: { cluster: 'looma' },
    gets: 'z',
  },
  { name: 'what is left to the last unit', servers: [a], taken: [held(a, 7)], wanted: { units: 3 }, gets: 'a' },
  {
    name: 'nothing where too little is left',
    servers: [a],
    taken: [held(a, 8)],
    wanted: { units: 3 },
    gets: undefined,
  },
  { name: 'nothing of one that takes none', servers: [server('a', { capacity: 0 })], gets: undefined },
  { name: 'nothing where no server is', servers: [], gets: undefined },
  {
    name: 'nothing by a label that is only inherited',
    servers: [a],
    wanted: { labels: { toString: 'x' } },
    gets: undefined,
  },
]) {
  t.test(`an environment gets ${name}`, async (t) => {
    const allocation = allocate({ ...usual, ...wanted }, servers, taken, 'acme')
    if (gets === undefined) t.match(allocation, { kind: 'refused', code: 'ENVIRONMENT_NO_ROOM' })
    else t.match(allocation, { kind: 'allocated', server: { instance: gets } })
  })
}

const anyServers = fc.uniqueArray(
  fc.record({
    instance: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    site: fc.constantFrom('s1', 's2'),
    machine: fc.constantFrom('m1', 'm2', 'm3'),
    capacity: fc.nat(6),
  }),
  { selector: ({ instance }) => instance },
)
const anyStep = fc.oneof(
  fc.record({
    kind: fc.constant('create' as const),
    tenant: fc.constantFrom('', 'acme', 'other'),
    units: fc.integer({ min: 1, max: 4 }),
    spread: fc.constantFrom('site' as const, 'machine' as const, 'none' as const),
    site: fc.option(fc.constantFrom('s1', 's2'), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('release' as const), at: fc.nat(20) }),
)

t.test(
  'whatever comes and goes, no server holds more than it takes, and none is refused while one has room',
  async (t) => {
    fc.assert(
      fc.property(anyServers, fc.array(anyStep, { maxLength: 40 }), (some, steps) => {
        const servers = some.map((each) => server(each.instance, each))
        const environments: Taken[] = []
        const left = ({ instance, capacity }: Server) =>
          capacity - environments.reduce((sum, each) => sum + (each.instance === instance ? each.units : 0), 0)
        for (const step of steps) {
          if (step.kind === 'release') {
            environments.splice(step.at, 1)
            continue
          }
          const { tenant, ...wanted } = step
          const requirement = { ...usual, ...wanted }
          const allocation = allocate(requirement, servers, environments, tenant)
          const could = servers.filter((each) => (step.site ?? each.site) === each.site && left(each) >= step.units)
          if (allocation.kind === 'refused') {
            if (could.length > 0) return false
            continue
          }
          const chosen = could.find(({ instance }) => instance === allocation.server.instance)
          if (!chosen) return false
          environments.push(held(chosen, step.units, tenant))
        }
        return servers.every((each) => left(each) >= 0)
      }),
      { numRuns: 500 },
    )
    t.pass()
  },
)

t.test('environments of a tenant are on as many sites as have room', async (t) => {
  const servers = [server('a', { site: 's1' }), server('b', { site: 's2' }), server('c', { site: 's3' })]
  const taken: Taken[] = []
  for (let turn = 0; turn < 9; turn += 1) {
    const allocation = allocate(usual, servers, taken, 'acme')
    const chosen = servers.find(
      (each) => allocation.kind === 'allocated' && each.instance === allocation.server.instance,
    )
    if (chosen) taken.push(held(chosen, 1))
  }
  t.strictSame(
    servers.map(({ instance }) => taken.filter((each) => each.instance === instance).length),
    [3, 3, 3],
  )
})
