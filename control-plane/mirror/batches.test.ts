import fc from 'fast-check'
import t from 'tap'
import { batches, type NodeWrites, type Write } from './batches.ts'
import type { Step } from './catalogue.ts'
import { mostBytesOf, operationOf } from './operations.ts'

const text = fc.string({ unit: 'binary', maxLength: 40 })
const texts = fc.dictionary(fc.string({ maxLength: 20 }), text, { maxKeys: 5, noNullPrototype: true })
const index = fc.nat()

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    verb: fc.constantFrom('cas', 'delete-cas'),
    what: fc.constant('node'),
    record: fc.record({ name: text, address: text, meta: texts }),
    index,
  }),
  fc.record({
    verb: fc.constantFrom('cas', 'delete-cas'),
    what: fc.constant('service'),
    record: fc.record({
      node: text,
      id: text,
      service: text,
      address: text,
      port: fc.nat({ max: 65535 }),
      tags: fc.array(text, { maxLength: 4 }),
      meta: texts,
      weight: fc.nat({ max: 65535 }),
    }),
    index,
  }),
  fc.record({
    verb: fc.constant('cas'),
    what: fc.constant('check'),
    record: fc.record({
      node: text,
      id: text,
      name: text,
      status: fc.constantFrom('passing', 'warning', 'critical'),
      notes: text,
      output: text,
      serviceId: text,
      serviceName: text,
      serviceTags: fc.constant([]),
    }),
    index,
  }),
)

const write: fc.Arbitrary<Write> = fc
  .array(step, { minLength: 1, maxLength: 2 })
  .map((steps) => ({ kind: 'put', adds: true, unit: { node: 'n', instance: 'i' }, steps }))

const plan = fc
  .array(fc.array(write, { maxLength: 50 }), { maxLength: 12 })
  .map((all) => all.map((writes, place): NodeWrites => ({ node: `n-${place}`, writes })))

await t.test('every step is in exactly one batch, those of a node in their order', async (t) => {
  fc.assert(
    fc.property(plan, (nodes) => {
      const found = [...batches(nodes)].flatMap((batch) => batch.steps)
      const wanted = nodes.flatMap(({ writes }) => writes.flatMap(({ steps }) => steps))
      return found.length === wanted.length && found.every((each, place) => each === wanted[place])
    }),
  )
  t.pass()
})

await t.test('no batch is larger than what Consul takes, the fence included', async (t) => {
  const fence = { KV: { Verb: 'check-index', Key: `heddle/${'o'.repeat(32)}/fence`, Index: 2 ** 40 } } as const
  fc.assert(
    fc.property(
      plan,
      fc.integer({ min: 3, max: 64 }),
      fc.integer({ min: 8_000, max: 20_000 }),
      (nodes, operations, bytes) => {
        return [...batches(nodes, { operations, bytes })].every(({ steps, nodes: of }) => {
          const all = [fence, ...steps.map(operationOf)]
          const single = of.length === 1 && of[0]?.writes.length === 1
          return all.length <= operations && (single || Buffer.byteLength(JSON.stringify(all)) <= bytes)
        })
      },
    ),
  )
  t.pass()
})

await t.test('a write is never cut in two, and a node only if it fits into no batch of its own', async (t) => {
  fc.assert(
    fc.property(plan, (nodes) => {
      const all = [...batches(nodes)]
      const whole = all.every(({ steps, nodes: of }) => {
        const named = of.flatMap(({ writes }) => writes.flatMap((each) => each.steps))
        return named.length === steps.length && named.every((each, place) => each === steps[place])
      })
      const cut = nodes.filter(
        ({ node }) => all.filter((batch) => batch.nodes.some((each) => each.node === node)).length > 1,
      )
      return whole && cut.every(({ writes }) => writes.flatMap(({ steps }) => steps).length > 63)
    }),
  )
  t.pass()
})

await t.test('the bound for the bytes of a step holds', async (t) => {
  fc.assert(fc.property(step, (each) => Buffer.byteLength(JSON.stringify(operationOf(each))) + 1 <= mostBytesOf(each)))
  t.pass()
})

await t.test('small nodes share a transaction', async (t) => {
  const put: Write = {
    kind: 'put',
    adds: true,
    unit: { node: 'n', instance: undefined },
    steps: Array.from({ length: 4 }, () => ({
      verb: 'cas',
      what: 'node',
      record: { name: 'n', address: 'a', meta: {} },
      index: 0,
    })),
  }
  const nodes = Array.from({ length: 30 }, (_, i) => ({ node: `n-${i}`, writes: [put] }))
  t.equal([...batches(nodes)].length, 2)
})
