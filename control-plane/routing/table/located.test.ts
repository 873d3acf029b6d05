import t from 'tap'
import { createLogger } from '#shared/logging/logger.ts'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import { waitFor } from '#test/support/wait.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { explainRouting } from '../explain.ts'
import { takesAway } from '../files/removals.ts'
import { Publisher, type TableUpdate } from '../publisher.ts'
import { type Locality, nearnesses, type Place } from './locality.ts'
import { ServiceIndex } from './service-index.ts'

const tencent = { site: 'tencent', cluster: 'looma' }
const alibaba = { site: 'alibaba', cluster: 'zervigo' }
const usual: Locality = { order: nearnesses, leastPercent: 50, returnAfterMs: 30_000 }
const names = ['near-1', 'near-2', 'mid', 'far']

/** Two instances at the site, one more of the cluster elsewhere, and one of the other cluster. */
function fleet(options: { readonly complete?: boolean } = {}) {
  const builder = new FleetBuilder(options)
  builder.node('n-near', { site: 'tencent', cluster: 'looma' })
  builder.node('n-mid', { site: 'alibaba', cluster: 'looma' })
  builder.node('n-far', { site: 'alibaba', cluster: 'zervigo' })
  for (const [place, id] of names.entries()) {
    builder.instance(id, `n-${id.replace(/-.*/, '')}`, { service: 'user', address: '10.0.0.1', port: 8000 + place })
  }
  return builder
}

function scene(locality: Locality = usual, options: { readonly complete?: boolean } = {}) {
  const builder = fleet(options)
  const index = new ServiceIndex(builder.fleet)
  const wanted = (policy = locality) => new Map([['user', { ...defaultPolicy, source: 'r:1', locality: policy }]])
  let now = 0
  builder.fleet.watch((change) => index.update(change, now))
  index.want(wanted(), [tencent, alibaba])
  const seen = (place: Place = tencent) =>
    index
      .service('user', place)
      ?.endpoints.map(({ instance, priority }) => `${instance} ${priority}`)
      .join(', ')
  return {
    builder,
    index,
    seen,
    wanted,
    at: (time: number) => {
      now = time
      return index.look(now)
    },
  }
}

t.test('each gateway has its own near and far, and without a place all are alike', async (t) => {
  const { index, seen } = scene()
  t.equal(seen(), 'near-1 0, near-2 0, mid 1, far 2')
  t.equal(seen(alibaba), 'near-1 1, near-2 1, mid 0, far 0', 'an empty level is none')
  t.strictSame(
    index.service('user')?.endpoints.map(({ priority }) => priority),
    [0, 0, 0, 0],
  )
  t.equal(index.locality('user', undefined), undefined)
})

t.test('a site that dies is left at once, and serves again when it has held', async (t) => {
  const { builder, seen, at } = scene()
  builder.judge('near-1', 'critical', 'refused')
  t.equal(seen(), 'near-2 0, mid 1, far 2', 'half is enough')
  builder.judge('near-2', 'critical', 'refused')
  t.equal(seen(), 'mid 0, far 1')
  at(1_000)
  builder.judge('near-2', 'passing')
  builder.judge('near-1', 'passing')
  t.equal(seen(), 'near-1 1, near-2 1, mid 0, far 2', 'it stands by meanwhile')
  t.strictSame([...at(30_999)], [])
  t.strictSame([...at(31_000)], ['user'])
  t.equal(seen(), 'near-1 0, near-2 0, mid 1, far 2')
})

t.test('what was taken out of service or has no verdict yet is not missing', async (t) => {
  const { builder, seen, index } = scene()
  builder.change({
    kind: 'admitted',
    instance: 'near-1',
    admission: 'draining',
    reason: 'deploy',
    expiresAt: undefined,
  })
  builder.change({
    kind: 'registered',
    instance: 'near-3',
    node: 'n-near',
    origin: 'agent',
    spec: { id: 'near-3', service: 'user', address: '10.0.0.1', port: 9, tags: [], metadata: {}, checks: [] },
  })
  t.equal(seen(), 'near-2 0, mid 1, far 2')
  t.strictSame(index.locality('user', tencent)?.levels[0], { callable: 1, failed: 0 })
})

t.test('a last resort counts as missing and comes after every level', async (t) => {
  const { builder, seen } = scene()
  builder.change(
    { kind: 'contact-changed', node: 'n-near', contact: 'lost', session: 'session-n-near' },
    { kind: 'node-demoted', node: 'n-near' },
  )
  t.equal(seen(), 'near-1 2, near-2 2, mid 0, far 1')
})

t.test('what no word of the order fits is not called, and says so', async (t) => {
  const { index, seen } = scene({ ...usual, order: ['site', 'cluster'] })
  t.equal(seen(), 'near-1 0, near-2 0, mid 1')
  t.strictSame(index.leftOut('far', 'user', tencent)?.reason, {
    code: 'other_place',
    params: { site: 'alibaba', cluster: 'zervigo' },
  })
  t.equal(index.leftOut('far', 'user', alibaba), undefined)
})

t.test('nothing is concluded from a fleet that is still being read', async (t) => {
  const { builder, seen, wanted, index } = scene(usual, { complete: false })
  for (const id of names) builder.judge(id, 'critical', 'refused')
  builder.judge('far', 'passing')
  for (const id of names) builder.judge(id, 'passing')
  builder.fleet.markComplete()
  index.want(wanted(), [tencent])
  t.equal(seen(), 'near-1 0, near-2 0, mid 1, far 2', 'nobody had to wait for its return')
})

t.test('a policy that changes something else lets the level that serves go on', async (t) => {
  const { builder, seen, wanted, index } = scene()
  for (const id of ['near-1', 'near-2']) builder.judge(id, 'critical', 'refused')
  for (const id of ['near-1', 'near-2']) builder.judge(id, 'passing')
  index.want(wanted({ ...usual, leastPercent: 40 }), [tencent, alibaba])
  t.equal(seen(), 'near-1 1, near-2 1, mid 0, far 2')
  t.notOk(index.compare('user'), 'following missed nothing')
})

t.test('levels that change places take nobody away', async (t) => {
  const { builder, index, at } = scene()
  const table = () => ({ services: [index.service('user', tencent) ?? []].flat(), routes: [] })
  for (const id of ['near-1', 'near-2']) builder.judge(id, 'critical', 'refused')
  for (const id of ['near-1', 'near-2']) builder.judge(id, 'passing')
  const before = table()
  at(40_000)
  t.equal(takesAway(before, table()), false)
  const whole = table()
  builder.judge('far', 'critical', 'refused')
  t.equal(takesAway(whole, table()), false, 'nor does one leave that nobody would be sent to')
  builder.judge('mid', 'critical', 'refused')
  t.equal(takesAway(whole, table()), true)
})

t.test('a publisher gives out the return by itself, and explain says which level serves and why', async (t) => {
  const builder = fleet()
  const log = createLogger({ name: 'test', level: 'silent' })
  using publisher = new Publisher({ fleet: builder.fleet, log, gatherMs: 1 })
  const updates: TableUpdate[] = []
  publisher.attach({ offer: (update) => updates.push(update), withdraw: () => {}, stillLedTo: () => [] })
  builder.fleet.watch((change) => publisher.follow(change))
  const { declaration } = parseDeclaration([
    {
      file: 'r.yaml',
      text: `gateways: { edge: { proxy: nginx, site: tencent, cluster: looma, listeners: [{ port: 80 }] } }
services: { user: { locality: { fail_over_below: 50, return_after: 2s } } }
routes: [{ prefix: /user, service: user, path: keep }]
`,
    },
  ])
  if (!declaration) throw new Error('no declaration')
  publisher.declare({ number: 1, declaration })
  const shown = () =>
    updates
      .at(-1)
      ?.table.services[0]?.endpoints.map(({ instance, priority }) => `${instance} ${priority}`)
      .join(', ')
  const shows = (wanted: string) =>
    waitFor(shown, { what: wanted, withinMs: 20_000, everyMs: 1, until: (seen) => seen === wanted })
  const text = (instance: string) => explainRouting(instance, builder.fleet, publisher).map(({ text }) => text)[0]
  await shows('near-1 0, near-2 0, mid 1, far 2')
  t.match(text('near-1'), /with weight 100; own site serves \(own site 2 of 2, own cluster 1 of 1, elsewhere 1 of 1\)$/)
  t.match(text('mid'), /only when nothing better is left; own site serves/)
  builder.judge('near-1', 'critical', 'refused')
  builder.judge('near-2', 'critical', 'refused')
  await shows('mid 0, far 1')
  t.match(text('mid'), /own cluster serves \(own site 0 of 2, own cluster 1 of 1/)
  builder.judge('near-1', 'passing')
  builder.judge('near-2', 'passing')
  await shows('near-1 1, near-2 1, mid 0, far 2')
  t.match(
    text('near-1'),
    /only when nothing better is left; own cluster serves .*; a nearer one takes over in \d s if it holds$/,
  )
  await shows('near-1 0, near-2 0, mid 1, far 2')
})

const declared = (gateway: string, locality: string) => {
  const text = `gateways: { edge: { proxy: nginx, ${gateway}listeners: [{ port: 80 }] } }
services: { user: { locality: ${locality} } }
routes: [{ prefix: /user, service: user, path: keep }]
`
  return parseDeclaration([{ file: 'r.yaml', text }])
}

for (const [gateway, locality, problem] of [
  ['', 'true', 'it has a locality, but gateway "edge", which leads here, says neither site nor cluster'],
  ['', '{ order: [other] }', undefined],
  ['', 'false', undefined],
  ['site: tencent, ', 'true', undefined],
  ['cluster: looma, ', 'true', undefined],
  ['site: tencent, ', '{ order: [site, site] }', 'expected some of "site", "cluster" and "other", each once'],
  ['site: tencent, ', '{ order: [near] }', 'expected some of "site", "cluster" and "other", each once'],
  ['site: tencent, ', '{ fail_over_below: 101 }', 'expected 0 to 100'],
] as const) {
  t.test(`locality: ${locality} for a gateway with "${gateway}" is ${problem ? 'refused' : 'taken'}`, async (t) => {
    const { problems } = declared(gateway, locality)
    if (problem === undefined) t.strictSame(problems, [])
    else t.match(problems, [{ file: 'r.yaml', line: 2, message: problem }])
  })
}

t.test('what is not said of a locality is as for `true`', async (t) => {
  const localityOf = (text: string) => declared('site: tencent, ', text).declaration?.services.get('user')?.locality
  t.strictSame(localityOf('{}'), localityOf('true'))
  t.strictSame(localityOf('true'), { order: ['site', 'cluster', 'other'], leastPercent: 30, returnAfterMs: 30_000 })
})
