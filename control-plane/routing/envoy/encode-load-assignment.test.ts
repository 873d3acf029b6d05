import fc from 'fast-check'
import t from 'tap'
import { service } from '#test/support/routing/routing-fleet.ts'
import type { Endpoint } from '../table.ts'
import { loadEnvoyDefinitions } from './definitions.ts'
import { LoadAssignmentEncoder } from './encode-load-assignment.ts'
import { toLoadAssignment } from './load-assignment.ts'
import { messageOf } from './resource.ts'

const definitions = loadEnvoyDefinitions()
const type = definitions.type(messageOf.endpoints)
const decoded = (bytes: Buffer) => type.toObject(type.decode(bytes), { defaults: true })

const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const anyEndpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    instance: text,
    address: fc.oneof(fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 1, max: 65_535 }),
    weight: fc.integer({ min: 1, max: 1000 }),
    priority: fc.constantFrom(0, 1, 4),
    site: fc.oneof(fc.constantFrom('', 'tencent', '阿里云'), text),
  },
  { noNullPrototype: true },
)

await t.test("our own encoding means what Envoy's definitions say, for any endpoints", async (t) => {
  const encoder = new LoadAssignmentEncoder()
  const property = fc.property(text, fc.array(anyEndpoint, { maxLength: 40 }), (name, endpoints) => {
    const wanted = service(name, endpoints)
    const reflective = definitions.encode(messageOf.endpoints, toLoadAssignment(wanted))
    const own = encoder.encode(wanted)
    if (JSON.stringify(decoded(own)) !== JSON.stringify(decoded(reflective))) throw new Error(own.toString('hex'))
  })
  t.doesNotThrow(() => fc.assert(property))
})

await t.test('what is taken over from the last time is as good as new, whatever comes and goes', async (t) => {
  const pool = fc.uniqueArray(anyEndpoint, { selector: ({ instance }) => instance, minLength: 1, maxLength: 8 })
  const cases = pool.chain((endpoints) =>
    fc.tuple(
      fc.array(fc.shuffledSubarray(endpoints), { maxLength: 6 }),
      fc.array(fc.subarray(endpoints), { maxLength: 10 }),
    ),
  )
  const property = fc.property(cases, ([shuffled, ordered]) => {
    const encoder = new LoadAssignmentEncoder()
    for (const endpoints of [...shuffled, ...ordered]) {
      const wanted = service('user', endpoints)
      if (!encoder.encode(wanted).equals(new LoadAssignmentEncoder().encode(wanted)))
        throw new Error(JSON.stringify(endpoints))
    }
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
})

await t.test('a service without endpoints is an assignment without any, not no assignment', async (t) => {
  t.strictSame(type.toObject(type.decode(new LoadAssignmentEncoder().encode(service('user')))), {
    cluster_name: 'user',
  })
})

await t.test('half a character in a name makes no message that cannot be read', async (t) => {
  const bytes = new LoadAssignmentEncoder().encode(
    service('user', [{ instance: 'a\ud800', address: '10.0.0.1', port: 1, weight: 1, priority: 0, site: '\udfff' }]),
  )
  t.ok(Buffer.from(bytes.toString('utf8')).length >= bytes.length)
  t.doesNotThrow(() => type.decode(bytes))
})
