import fc from 'fast-check'
import t from 'tap'
import { FleetBuilder } from '#test/support/fleet-builder.ts'
import type { ServicePolicy } from '../declaration/declaration.ts'
import { parseDeclaration } from '../declaration/parse.ts'
import { defaultPolicy } from '../declaration/to-service.ts'
import { explainRouting } from '../explain.ts'
import { nearnesses } from './locality.ts'
import { ServiceIndex } from './service-index.ts'

const names = ['a', 'b', 'c', 'd']
const here = { site: 'tencent', cluster: 'looma' }

function scene(policy: Partial<ServicePolicy> = { panicPercent: 50 }) {
  const builder = new FleetBuilder()
  builder.node('n', here)
  builder.node('m', { site: 'alibaba', cluster: 'zervigo' })
  for (const [place, id] of names.entries()) {
    builder.instance(id, id === 'd' ? 'm' : 'n', { service: 'user', port: 8000 + place })
  }
  const index = new ServiceIndex(builder.fleet)
  index.want(new Map([['user', { ...defaultPolicy, source: 'r:1', ...policy }]]), [here])
  builder.fleet.watch((change) => index.update(change))
  const fail = (...ids: readonly string[]) => {
    for (const id of ids) builder.judge(id, 'critical', 'refused')
  }
  const called = (place?: typeof here) =>
    index
      .service('user', place)
      ?.endpoints.map(({ instance, priority }) => `${instance} ${priority}`)
      .join(', ')
  return { builder, index, fail, called }
}

t.test('nobody is called whose check fails, however few are left, unless that was chosen', async (t) => {
  const { fail, called } = scene({})
  fail('a', 'b', 'c')
  t.equal(called(), 'd 0')
  fail('d')
  t.equal(called(), '')
})

t.test('with less than the threshold left, those are called again whom only their checks condemn', async (t) => {
  const { builder, index, fail, called } = scene()
  fail('a', 'b')
  t.equal(called(), 'c 0, d 0', 'half is enough')
  fail('c')
  t.equal(called(), 'a 0, b 0, c 0, d 0')
  t.equal(index.leftOut('a', 'user'), undefined)
  t.match(index.calledInPanic('a', 'user'), { code: 'refused' })
  t.equal(index.calledInPanic('d', 'user'), undefined)
  builder.judge('a', 'passing')
  t.equal(called(), 'a 0, d 0', 'and left again when enough are well')
  t.match(index.leftOut('b', 'user'), { reason: { code: 'refused' } })
})

t.test('whose death is confirmed, or whom an operator took out, is not called in panic either', async (t) => {
  const { builder, fail, called } = scene()
  fail('a', 'b', 'c')
  builder.change(
    { kind: 'contact-changed', node: 'm', contact: 'lost', session: 'session-m' },
    { kind: 'death-confirmed', instance: 'd', death: { how: 'refused', vantages: ['plane'] } },
    { kind: 'admitted', instance: 'a', admission: 'quarantined', reason: 'test', expiresAt: undefined },
  )
  t.equal(called(), 'b 0, c 0')
})

t.test('in panic near ones still come before far ones', async (t) => {
  const locality = { order: nearnesses, leastPercent: 0, returnAfterMs: 30_000 }
  const { fail, called } = scene({ panicPercent: 50, locality })
  fail('b', 'c', 'd')
  t.equal(called(here), 'a 0, b 0, c 0, d 1')
  fail('a')
  t.equal(called(here), 'a 0, b 0, c 0, d 0', 'where nobody is well there is no level')
})

t.test('explain says why somebody is called who is not well', async (t) => {
  const { builder, index, fail } = scene()
  fail('a', 'b', 'c')
  const text = `gateways: { edge: { proxy: nginx, listeners: [{ port: 80 }] } }
services: { user: { panic_threshold: 50 } }
routes: [{ prefix: /user, service: user, path: keep }]
`
  const { declaration } = parseDeclaration([{ file: 'r.yaml', text }])
  t.equal(declaration?.services.get('user')?.panicPercent, 50)
  const frame = { gateway: 'edge', routes: declaration?.routes ?? [] }
  const table = { ...frame, services: [index.service('user')] }
  const [stage] = explainRouting('a', builder.fleet, {
    frames: new Map([['edge', frame as never]]),
    published: () => ({ table }) as never,
    namesFor: () => new Set(['user']),
    leftOut: (id, name) => index.leftOut(id, name),
    weighed: () => undefined,
    locality: () => undefined,
    calledInPanic: (id, name) => index.calledInPanic(id, name),
  })
  t.match(stage, { state: 'note', text: /although refused: too few of the service are left$/ })
})

t.test('whatever fails and recovers, following it gives what making it anew gives', async (t) => {
  const change = fc.tuple(fc.constantFrom(...names), fc.constantFrom('passing', 'critical'))
  const property = fc.property(
    fc.array(change, { maxLength: 40 }),
    fc.integer({ min: 1, max: 100 }),
    (changes, percent) => {
      const { builder, index } = scene({ panicPercent: percent })
      for (const [id, health] of changes) {
        builder.judge(id, health, health === 'passing' ? 'ok' : 'refused')
        if (index.compare('user')) throw new Error(`${id} was not followed`)
        const well = [...builder.fleet.instances.values()].filter(({ health }) => health === 'passing').length
        const called = index.service('user')?.endpoints.length
        if (called !== (well * 100 < percent * names.length ? names.length : well))
          throw new Error(`${called} of ${well}`)
      }
    },
  )
  t.doesNotThrow(() => fc.assert(property))
})
