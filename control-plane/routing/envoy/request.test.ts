import fc from 'fast-check'
import t from 'tap'
import { loadEnvoyDefinitions } from './definitions.ts'
import { countNames, decodeRequest } from './request.ts'
import { resourceKinds, typeUrlOf } from './resource.ts'

const type = loadEnvoyDefinitions().type('envoy.service.discovery.v3.DeltaDiscoveryRequest')
const encode = (message: object) => Buffer.from(type.encode(type.fromObject(message)).finish())
const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const names = fc.array(text, { maxLength: 5 })

await t.test("a request is read as Envoy's definitions write it, whatever is in it", async (t) => {
  const versions = fc.uniqueArray(fc.tuple(text, text), { maxLength: 5, selector: ([name]) => name })
  const about = fc.record({
    kind: fc.constantFrom(...resourceKinds),
    subscribe: names,
    unsubscribe: names,
    versions,
    text,
  })
  const property = fc.property(about, ({ kind, subscribe, unsubscribe, versions, text }) => {
    const bytes = encode({
      // An Envoy says much more of itself.
      node: { id: text, cluster: `${text}-edge`, user_agent_name: 'envoy', locality: { region: text } },
      type_url: typeUrlOf(kind),
      resource_names_subscribe: subscribe,
      resource_names_unsubscribe: unsubscribe,
      initial_resource_versions: Object.fromEntries(versions),
      response_nonce: text,
    })
    t.strictSame(decodeRequest(bytes), {
      node: { id: text, cluster: `${text}-edge` },
      kind,
      typeUrl: typeUrlOf(kind),
      subscribe,
      unsubscribe,
      initialVersions: new Map(Object.entries(Object.fromEntries(versions))),
      nonce: text,
      error: undefined,
    })
  })
  fc.assert(property, { numRuns: 100 })
})

await t.test('a rejection is told in one line, also one without a reason', async (t) => {
  const error = (message?: string) => decodeRequest(encode({ error_detail: { code: 13, message } })).error
  t.equal(error('no such cluster\n  "x"\n'), 'no such cluster; "x"')
  t.equal(error(''), 'rejected without a reason')
})

await t.test('a type that is not served has no kind', async (t) => {
  t.match(decodeRequest(encode({ type_url: 'type.googleapis.com/x.Y' })), { kind: undefined, typeUrl: /x\.Y/ })
})

await t.test('bytes that are no request are refused, and never read beyond their end', async (t) => {
  const whole = encode({
    node: { id: 'e', cluster: 'edge' },
    type_url: 'x',
    response_nonce: 'n',
    error_detail: { code: 3 },
  })
  const property = fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(whole.length), (noise, at) => {
    for (const bytes of [Buffer.from(noise), Buffer.concat([whole.subarray(0, at), noise])]) {
      try {
        t.ok(decodeRequest(bytes))
      } catch (error) {
        t.match(error, /message ends|number|wire type/)
      }
    }
  })
  fc.assert(property, { numRuns: 300 })
  t.throws(() => decodeRequest(whole.subarray(0, 5)), /the message ends within/)
})

await t.test('names are counted without making texts of them', async (t) => {
  const said = { subscribe: ['a', 'b'], unsubscribe: ['c'], versions: { d: '1', e: '2' } }
  const bytes = encode({
    node: { id: 'x' },
    resource_names_subscribe: said.subscribe,
    resource_names_unsubscribe: said.unsubscribe,
    initial_resource_versions: said.versions,
  })
  t.equal(countNames(bytes), 5)
  t.equal(countNames(Buffer.alloc(3_000_000, Buffer.from([0x1a, 1, 0x78]))), 1_000_000)
  t.throws(() => countNames(bytes.subarray(0, -1)))
})
