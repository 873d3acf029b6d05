import fc from 'fast-check'
import t from 'tap'
import { Digest, type Leaf } from '#shared/envoy/digest.ts'
import { DumpReduction, dumpParts } from './dump.ts'
import { JsonLeaves } from './json-leaves.ts'

function leavesOf(text: string, size: number): readonly (readonly [string, Leaf])[] {
  const found: [string, Leaf][] = []
  const json = new JsonLeaves((path, leaf) => found.push([path.join('/'), leaf]))
  for (let from = 0; from < text.length; from += size) json.take(text.slice(from, from + size))
  json.end()
  return found
}

function expected(value: unknown, path: readonly (string | number)[] = []): readonly (readonly [string, Leaf])[] {
  if (typeof value !== 'object' || value === null) return [[path.join('/'), value as Leaf]]
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value)
  return [...entries].flatMap(([key, item]) => expected(item, [...path, key]))
}

t.test('JSON is read leaf by leaf, however it is cut into pieces', async () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(undefined, 1),
      (value, size, indent) => {
        // A number alone cannot be told from one that goes on.
        const held = { value }
        // As JSON has it, there is no negative zero, and __proto__ is a key like others.
        const text = JSON.stringify(held, undefined, indent)
        return JSON.stringify(leavesOf(text, size)) === JSON.stringify(expected(JSON.parse(text)))
      },
    ),
  )
})

t.test('what is no JSON, or has no end, is said so', async (t) => {
  for (const text of ['{"a":', '<html>', '{"a": [1}', ']']) t.throws(() => leavesOf(text, 5), text)
})

t.test('what means the same has the same digest, in any order', async (t) => {
  const digest = (...leaves: readonly (readonly [string, Leaf])[]) => {
    const found = new Digest()
    for (const [path, leaf] of leaves) found.add(path, leaf)
    return found.text
  }
  t.equal(digest(['a', '0.250s'], ['b', 7]), digest(['b', '7'], ['a', '0.25s']))
  t.equal(digest(['a', 1], ['b', false], ['c', 0], ['d', ''], ['e', null], ['f', '0s']), digest(['a', 1]))
  for (const [one, other] of [
    [digest(['a', 1]), digest(['a', 2])],
    [digest(['a', 1]), digest(['b', 1])],
    [digest(['a', 1], ['a', 1]), digest(['a', 1])],
    [digest(['a/0', 'x'], ['a/1', 'y']), digest(['a/0', 'y'], ['a/1', 'x'])],
  ]) {
    t.not(one, other)
  }
})

const part = (resource: string) => {
  const found = dumpParts.find((each) => each.resource === resource)
  if (!found) throw new Error(resource)
  return found
}
const reduced = (resource: string, configs: readonly object[], endpointsOf: readonly string[] = []) => {
  const reduction = new DumpReduction(part(resource), new Set(endpointsOf))
  const json = new JsonLeaves(reduction.leaf)
  json.take(JSON.stringify({ configs }))
  json.end()
  return { found: reduction.end(), endpoints: reduction.endpoints }
}

t.test('of clusters and listeners the name, the version and what they say is kept', async (t) => {
  const cluster = (name: string, at: string, more: object = {}) => ({
    version_info: 'v1',
    cluster: { '@type': 'x', name, connect_timeout: '1s', ...more },
    last_updated: at,
  })
  const { found } = reduced('dynamic_active_clusters', [
    cluster('web', '2026-01-01'),
    cluster('web', '2026-02-02'),
    cluster('web', '2026-02-02', { type: 'EDS' }),
  ])
  t.match(found, [{ kind: 'cluster', name: 'web', from: 'given', version: 'v1' }, {}, {}])
  t.equal(found[0]?.digest, found[1]?.digest, 'when it came does not count')
  t.not(found[1]?.digest, found[2]?.digest)
  const listener = { name: 'port-80', active_state: { version_info: 'v2', listener: { name: 'port-80' } } }
  t.match(reduced('dynamic_listeners', [listener]).found, [{ kind: 'listener', name: 'port-80', version: 'v2' }])
  t.match(reduced('dynamic_listeners', [{ name: 'port-80', warming_state: { version_info: 'v3' } }]).found, [
    { name: 'port-80', version: '' },
  ])
  const secret = { name: 'pem', version_info: 'v1', secret: { name: 'pem', tls_certificate: '[redacted]' } }
  t.match(reduced('dynamic_active_secrets', [secret]).found, [{ name: 'pem', version: 'v1', digest: '' }])
  t.strictSame(reduced('static_clusters', []).found, [])
})

t.test('endpoints are what they are in any order, and named where that is asked for', async (t) => {
  const endpoint = (port: number, more: object = {}) => ({
    endpoint: { address: { socket_address: { address: '10.0.0.1', port_value: port } }, hostname: 'x' },
    health_status: 'HEALTHY',
    load_balancing_weight: 100,
    ...more,
  })
  const of = (...groups: readonly object[]) => ({ endpoint_config: { cluster_name: 'web', endpoints: groups } })
  const two = of(
    { locality: { region: '北京' }, lb_endpoints: [endpoint(1), endpoint(2)] },
    { lb_endpoints: [endpoint(3)], priority: 1 },
  )
  const { found, endpoints } = reduced('dynamic_endpoint_configs', [two], ['web'])
  t.strictSame(endpoints, {
    web: [
      '10.0.0.1:1 weight 100 priority 0 in 北京',
      '10.0.0.1:2 weight 100 priority 0 in 北京',
      '10.0.0.1:3 weight 100 priority 1',
    ],
  })
  const turned = of(
    { priority: 1, lb_endpoints: [endpoint(3, { health_status: 'UNHEALTHY' })] },
    { lb_endpoints: [endpoint(2), endpoint(1)], locality: { region: '北京' } },
  )
  const other = reduced('dynamic_endpoint_configs', [turned])
  t.strictSame(other.endpoints, {})
  t.equal(other.found[0]?.digest, found[0]?.digest, 'whether Envoy calls it now is not what it was given')
  t.not(reduced('dynamic_endpoint_configs', [of({ lb_endpoints: [endpoint(1)] })]).found[0]?.digest, found[0]?.digest)
  t.match(reduced('dynamic_endpoint_configs', [of()]).found, [{ name: 'web', digest: '0'.repeat(16) }])
})

t.test('what is nested without end is given up, and keeps no path of it', async (t) => {
  t.throws(() => leavesOf('['.repeat(1_000_000), 64 * 1024), { message: /nested deeper/ })
  t.throws(() => leavesOf('{"a":'.repeat(100_000), 64 * 1024), { message: /nested deeper/ })
})
