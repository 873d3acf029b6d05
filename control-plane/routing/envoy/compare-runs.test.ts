import t from 'tap'
import type { EnvoyRuns, Runs } from '#shared/protocol/runs.ts'
import { compareRuns, nameEndpoints } from './compare-runs.ts'
import type { Resource, ResourceKind } from './resource.ts'
import type { Snapshot } from './snapshot.ts'

const resource = (kind: ResourceKind, name: string, version = 'v1') => ({ kind, name, version }) as Resource
const given = [
  resource('cluster', 'web'),
  resource('endpoints', 'web'),
  resource('listener', 'port-80'),
  resource('routes', 'edge'),
  resource('secret', 'pem'),
]
const of = (kind: ResourceKind) => new Map(given.filter((each) => each.kind === kind).map((each) => [each.name, each]))
const resources = {
  ...{ cluster: of('cluster'), endpoints: of('endpoints'), listener: of('listener') },
  ...{ routes: of('routes'), secret: of('secret') },
}
const snapshot = { resources } as unknown as Snapshot
const digestOf = ({ kind, name }: Resource) => `digest of ${kind} ${name}`
const stream = (settled = true) => ({
  id: 'edge-1',
  settled,
  held: (kind: ResourceKind, name: string) => ({
    version: resources[kind].get(name)?.version,
    resource: resources[kind].get(name),
    sent: undefined,
    uncertain: false,
  }),
  heldNames: (kind: ResourceKind) => resources[kind].keys(),
})
const run = (kind: ResourceKind, name: string, more: Partial<Runs> = {}): Runs => ({
  ...{ kind, name, from: 'given', version: kind === 'endpoints' ? '' : 'v1' },
  digest: kind === 'secret' ? '' : `digest of ${kind} ${name}`,
  ...more,
})
const all = given.map(({ kind, name }) => run(kind, name))
const runs = (list: readonly Runs[], more: Partial<EnvoyRuns> = {}): EnvoyRuns => ({
  ...{ envoy: 'edge-1', resources: [...list], more: 0, endpoints: {} },
  ...more,
})
const except = (kind: ResourceKind, ...instead: readonly Runs[]) => [
  ...all.filter((each) => each.kind !== kind),
  ...instead,
]
const told = (list: readonly Runs[], settled = true, more: Partial<EnvoyRuns> = {}) =>
  compareRuns(stream(settled), snapshot, runs(list, more), digestOf).map(({ kind, what, mendable }) => ({
    kind,
    what,
    mendable,
  }))

t.test('an Envoy that runs what it has confirmed, and things of its own, differs in nothing', async (t) => {
  t.strictSame(
    told([...all, run('cluster', 'heddle-xds', { from: 'own' }), run('listener', 'theirs', { from: 'own' })]),
    [],
  )
})

type Case = {
  readonly name: string
  readonly list: readonly Runs[]
  readonly kind: string
  readonly what: string
  readonly mendable?: boolean
}

for (const { name, list, kind, what, mendable = true } of [
  {
    ...{ name: 'lacks a cluster', list: except('cluster'), kind: 'missing' },
    what: 'cluster "web": it has confirmed it, and does not run it',
  },
  {
    ...{ name: 'has other endpoints', list: except('endpoints', run('endpoints', 'web', { digest: 'other' })) },
    ...{ kind: 'changed', what: 'endpoints "web"' },
  },
  {
    ...{
      name: 'has other routes of the same version',
      list: except('routes', run('routes', 'edge', { digest: 'other' })),
    },
    ...{ kind: 'changed', what: 'routes "edge"' },
  },
  {
    ...{ name: 'has an older listener', list: except('listener', run('listener', 'port-80', { version: 'v0' })) },
    ...{ kind: 'changed', what: 'listener "port-80": it runs version v0, not v1' },
  },
  {
    ...{ name: 'has an older certificate', list: except('secret', run('secret', 'pem', { version: '' })) },
    ...{ kind: 'changed', what: 'secret "pem": it runs version (none), not v1' },
  },
  {
    ...{ name: 'waits for a cluster', list: [...all, run('cluster', 'web', { from: 'warming' })], kind: 'changed' },
    what: 'cluster "web": it waits for something and is not used',
  },
  {
    ...{
      name: 'keeps a name for itself',
      list: except('cluster', run('cluster', 'web', { from: 'own' })),
      kind: 'changed',
    },
    ...{ what: 'cluster "web": its own bootstrap has one of this name, which stays', mendable: false },
  },
  {
    ...{ name: 'runs what it was not given', list: [...all, run('cluster', 'old')], kind: 'added' },
    what: 'cluster "old": it runs it, and was not given it',
  },
] satisfies readonly Case[] as readonly Case[]) {
  t.test(`an Envoy that ${name}`, async (t) => t.strictSame(told(list), [{ kind, what, mendable }]))
}

t.test('while something is on its way, only what never will arrive is told', async (t) => {
  t.strictSame(told(except('routes'), false), [])
  t.match(told(except('cluster', run('cluster', 'web', { from: 'own' })), false), [{ what: /its own bootstrap/ }])
})

t.test('of a list that had to be cut nothing is missing', async (t) => {
  t.strictSame(told(except('routes'), true, { more: 1 }), [])
})

t.test('endpoints that differ are named one by one', async (t) => {
  const differing = compareRuns(
    stream(),
    snapshot,
    runs(except('endpoints', run('endpoints', 'web', { digest: 'x' }))),
    digestOf,
  )
  const name = (has: readonly string[]) =>
    nameEndpoints(differing, () => ['a:1', 'b:1'], { endpoints: { web: [...has] } }).map(({ kind, what }) => [
      kind,
      what,
    ])
  t.strictSame(name(['a:1', 'c:1']), [
    ['missing', 'endpoints "web": b:1'],
    ['added', 'endpoints "web": c:1'],
  ])
  t.strictSame(name(['b:1', 'a:1']), [['changed', 'endpoints "web"']])
})
