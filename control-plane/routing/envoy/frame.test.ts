import fc from 'fast-check'
import t from 'tap'
import { loadEnvoyDefinitions } from './definitions.ts'
import { toFrame } from './frame.ts'
import { decodeRequest } from './request.ts'
import { kindOf, resourceKinds, toResource, typeUrlOf } from './resource.ts'

const type = loadEnvoyDefinitions().type('envoy.service.discovery.v3.DeltaDiscoveryResponse')
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })

await t.test("a frame is what Envoy's definitions take it for, whatever is in it", async (t) => {
  const content = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  const resources = fc.array(fc.tuple(text, content), { maxLength: 20 })
  const kinds = fc.constantFrom(...resourceKinds)
  const property = fc.property(kinds, resources, fc.array(text, { maxLength: 5 }), (kind, contents, removed) => {
    const upserts = contents.map(([name, bytes]) => toResource(kind, name, bytes, { source: 'routes.yaml:1' }))
    const frame = toFrame(kind, upserts, removed, { nonce: 'n1', systemVersion: 'v1' })
    const found = type.toObject(type.decode(frame.bytes.subarray(5)), { defaults: true, arrays: true })
    t.equal(frame.bytes.readUInt32BE(1), frame.bytes.length - 5)
    t.match(found, { system_version_info: 'v1', type_url: typeUrlOf(kind), nonce: 'n1' })
    t.strictSame(found.removed_resources, removed)
    const confirmed = decodeRequest(frame.confirmation)
    const plain = { node: undefined, subscribe: [], unsubscribe: [], initialVersions: new Map(), error: undefined }
    t.strictSame(confirmed, { ...plain, kind, typeUrl: typeUrlOf(kind), nonce: 'n1' })
    t.equal(found.resources.length, upserts.length)
    upserts.forEach(({ name, version, content: bytes }, index) => {
      const { resource, ...rest } = found.resources[index]
      t.match(rest, { name, version })
      t.equal(resource.type_url, typeUrlOf(kind))
      t.ok(bytes.equals(resource.value))
    })
  })
  fc.assert(property, { numRuns: 50 })
})

await t.test('a version says the content, nothing else', async (t) => {
  const one = toResource('cluster', 'a', Buffer.from('x'), { source: 'routes.yaml:1' })
  const moved = toResource('cluster', 'b', Buffer.from('x'), { source: 'routes.yaml:2', targets: ['c'] })
  t.equal(one.version, moved.version)
  t.not(one.version, toResource('cluster', 'a', Buffer.from('y'), { source: 'routes.yaml:1' }).version)
})

await t.test('each kind has its type, other types have no kind', async (t) => {
  for (const kind of resourceKinds) t.equal(kindOf(typeUrlOf(kind)), kind)
  t.equal(kindOf('type.googleapis.com/envoy.service.runtime.v3.Runtime'), undefined)
})
