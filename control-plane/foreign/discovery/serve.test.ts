import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import * as z from 'zod/mini'
import type { DiscoveredView, DiscoveryView } from '#shared/protocol/discovery-list.ts'
import { anyJournal } from '#test/support/arbitraries/journals.ts'
import { FleetBuilder, instanceRegistered, judged } from '#test/support/fleet-builder.ts'
import { waitFor } from '#test/support/wait.ts'
import { type ForeignSpec, foreignId } from '../../fleet/belief.ts'
import type { Change } from '../../fleet/event.ts'
import { Fleet } from '../../fleet/fleet.ts'
import { DiscoveryConfig } from './config.ts'
import { leads } from './merge.ts'
import { serveDiscovery } from './serve.ts'

function found(over: Partial<ForeignSpec> = {}, health: 'passing' | 'critical' = 'passing'): Change {
  const spec = {
    datacenter: 'zervigo-dc',
    node: 'legacy',
    id: 'crm-1',
    service: 'crm',
    address: '10.0.0.1',
    nodeAddress: '10.0.0.1',
    port: 8080,
    tags: ['go'],
    metadata: { version: '3', cluster: 'zervigo' },
    weight: 1,
    ...over,
  }
  return { kind: 'foreign-found', foreign: foreignId(spec), spec, health, check: '' }
}

function scene(settings: z.input<typeof DiscoveryConfig> = {}) {
  const builder = new FleetBuilder()
  const discovery = serveDiscovery(builder.fleet, z.parse(DiscoveryConfig, settings))
  t.teardown(() => discovery[Symbol.dispose]())
  const now = async (narrowing: Parameters<typeof discovery.now>[1] = {}) => {
    const { body, ...rest } = await discovery.now('discovery', narrowing)
    return { ...rest, ...(JSON.parse(`${body}`) as DiscoveryView) }
  }
  const next = async (index: number, narrowing: Parameters<typeof discovery.next>[0] = {}, waitMs = 10_000) => {
    const answer = await discovery.next(narrowing, { index, waitMs }, new AbortController().signal)
    return answer === 'busy' ? answer : { ...answer, body: `${answer.body}` }
  }
  return { builder, discovery, now, next }
}

const brief = (views: readonly DiscoveredView[]) =>
  views.map(({ id, service, origin, health, status, datacenters, aliases }) =>
    [id, service, origin, health, status, datacenters.join('+'), aliases.join('+')].join(' ').trim(),
  )

t.test('the list is of everything, each instance once, an agent having the word', async (t) => {
  const { builder, now } = scene()
  builder.node('n-a')
  builder.instance('basic-1', 'n-a', { service: 'basic-server-a', port: 8180 })
  builder.change(
    found(),
    found({ datacenter: 'looma-dc' }),
    found({ id: 'solo', service: 'solo', port: 1 }, 'critical'),
  )
  const { basic_servers, zervi_services, total_services } = await now()
  t.strictSame(brief(basic_servers), ['basic-1 basic-server-a agent healthy active'])
  t.strictSame(brief(zervi_services), [
    'looma-dc/legacy/crm-1 crm foreign healthy discovered looma-dc+zervigo-dc',
    'zervigo-dc/legacy/solo solo foreign critical discovered zervigo-dc',
  ])
  t.equal(total_services, 3)
  builder.change(
    ...instanceRegistered('crm-a', 'n-a', { service: 'crm-api', port: 8080 }),
    judged('crm-a', 'critical', 'refused'),
  )
  t.strictSame(brief((await now()).zervi_services), [
    'crm-a crm-api agent critical failed looma-dc+zervigo-dc crm',
    'zervigo-dc/legacy/solo solo foreign critical discovered zervigo-dc',
  ])
})

t.test('it can be narrowed, and what has two names is found by both', async (t) => {
  const { builder, now } = scene()
  builder.node('n-a', { cluster: 'looma' })
  builder.instance('crm-a', 'n-a', { service: 'crm-api', port: 8080, tags: ['python'] })
  builder.change(found(), found({ id: 'auth', service: 'auth', port: 2 }, 'critical'))
  const ids = async (narrowing: Parameters<typeof now>[0]) => (await now(narrowing)).zervi_services.map(({ id }) => id)
  const [auth, crm] = ['zervigo-dc/legacy/auth', 'crm-a']
  t.strictSame(await ids({ service: 'crm' }), [crm])
  t.strictSame(await ids({ service: 'crm-api' }), [crm])
  t.strictSame(await ids({ service: 'nothing' }), [])
  t.strictSame(await ids({ cluster: 'zervigo' }), [auth])
  t.strictSame(await ids({ tag: 'python' }), [crm])
  t.strictSame(await ids({ health: 'passing' }), [crm])
  t.strictSame(await ids({ health: 'critical' }), [auth])
})

t.test('every foreign record and every instance is in exactly one entry', async (t) => {
  fc.assert(
    fc.property(anyJournal(), (entries) => {
      const fleet = new Fleet()
      fleet.apply(entries)
      const all = leads(fleet, undefined)
      if (new Set(all.map(({ id }) => id)).size !== all.length) return false
      const services = new Set([...fleet.services(), ...[...fleet.foreign.values()].map(({ spec }) => spec.service)])
      const bySome = new Map([...services].flatMap((service) => leads(fleet, service)).map((lead) => [lead.id, lead]))
      return isDeepStrictEqual([...bySome.keys()].sort(), all.map(({ id }) => id).sort())
    }),
  )
  t.pass()
})

t.test('who waits is answered when what it watches is another, and only then', async (t) => {
  const { builder, discovery, now, next } = scene()
  builder.node('n-a')
  builder.instance('crm-a', 'n-a')
  const { index } = await now({ service: 'crm' })
  let answered: Awaited<ReturnType<typeof next>> | undefined
  void next(index, { service: 'crm' }).then((answer) => {
    answered = answer
  })
  await waitFor(() => discovery.watchers(), { what: 'one to wait', withinMs: 10_000 })
  const other = await now({ service: 'billing' })
  builder.instance('billing-1', 'n-a', { service: 'billing', port: 1 })
  const news = await next(other.index, { service: 'billing' })
  t.match(news, { index: builder.fleet.revision })
  // A change of the service that changes nothing of what is told.
  builder.change({ kind: 'contact-changed', node: 'n-a', contact: 'suspect', session: 'session-n-a' })
  t.equal((await now({ service: 'crm' })).index, index)
  t.equal(answered, undefined)
  builder.judge('crm-a', 'critical', 'refused')
  await waitFor(() => answered, { what: 'the answer', withinMs: 10_000 })
  t.match(answered, { index: builder.fleet.revision, body: /critical/ })
  t.equal(discovery.watchers(), 0)
})

t.test('a record of others under another name wakes who watches that name', async (t) => {
  const { builder, now, next } = scene()
  builder.node('n-a')
  builder.instance('crm-a', 'n-a', { service: 'crm-api' })
  builder.change(found())
  const { index } = await now({ service: 'crm' })
  const waiting = next(index, { service: 'crm' })
  builder.judge('crm-a', 'critical', 'refused')
  t.match(await waiting, { body: /"health":"critical"/ })
})

t.test('a removal that has no revision yet is news', async (t) => {
  const { builder, now, next } = scene()
  builder.node('n-a')
  builder.instance('crm-a', 'n-a')
  const { index } = await now()
  const waiting = next(index)
  builder.fleet.publishRemoval('crm-a', { code: 'refused' })
  const answer = await waiting
  t.match(answer, { body: /"health":"critical"/ })
  if (answer !== 'busy') t.ok(answer.index > index)
})

t.test('what has no such index is answered at once, and who waits in vain with the same', async (t) => {
  const { builder, now, next } = scene()
  builder.node('n-a')
  builder.instance('crm-a', 'n-a')
  const { index } = await now()
  t.match(await next(index + 1000), { index })
  t.match(await next(0), { index })
  t.match(await next(index, {}, 5), { index })
})

t.test('more than may wait are refused, and none waits when it ends', async (t) => {
  const { builder, discovery, now, next } = scene({ most_watchers: 1 })
  builder.node('n-a')
  const { index } = await now()
  const waiting = next(index)
  t.equal(await next(index), 'busy')
  discovery[Symbol.dispose]()
  t.match(await waiting, { index })
  t.equal(discovery.watchers(), 0)
  t.equal(await next(index), 'busy', 'nor can anybody begin to')
})

t.test('equal content has an equal tag, also after it was something else', async (t) => {
  const { builder, now } = scene()
  builder.node('n-a')
  builder.instance('crm-a', 'n-a')
  const first = await now()
  builder.judge('crm-a', 'critical', 'refused')
  const second = await now()
  builder.judge('crm-a', 'passing')
  const third = await now()
  t.not(first.etag, second.etag)
  t.equal(first.etag, third.etag)
  t.ok(third.index > second.index)
})

t.test('Prometheus gets a target for each, with labels that do not change with its health', async (t) => {
  const { builder, discovery } = scene()
  builder.node('n-a', { cluster: 'looma' })
  builder.instance('crm-a', 'n-a', { address: 'fd00::1', tags: ['python', 'crm'] })
  const { body } = await discovery.now('targets', {})
  t.strictSame(JSON.parse(`${body}`), [
    {
      targets: ['[fd00::1]:8080'],
      labels: {
        __meta_heddle_id: 'crm-a',
        __meta_heddle_service: 'crm',
        __meta_heddle_cluster: 'looma',
        __meta_heddle_origin: 'agent',
        __meta_heddle_node: 'n-a',
        __meta_heddle_tags: ',python,crm,',
      },
    },
  ])
  builder.judge('crm-a', 'critical', 'refused')
  t.same((await discovery.now('targets', {})).body, body)
})

t.test('so many questions are kept that the last ones are, and those that somebody watches', async (t) => {
  const { builder, discovery, now, next } = scene()
  builder.node('n-a')
  builder.instance('crm-a', 'n-a')
  const { index } = await now({ service: 'crm' })
  const waiting = next(index, { service: 'crm' })
  for (let i = 0; i < 500; i += 1) await discovery.now('discovery', { tag: `tag-${i}` })
  builder.judge('crm-a', 'critical', 'refused')
  t.match(await waiting, { body: /critical/ })
})
