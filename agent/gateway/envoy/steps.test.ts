import fc from 'fast-check'
import t from 'tap'
import { envoyFileNames } from '#shared/protocol/gateway-names.ts'
import type { FileSet } from '../file-set.ts'
import { emptyFiles } from './bootstrap.ts'
import { endpointsFileOf } from './compose.ts'
import { discoveryText, type JsonObject, parseDiscovery, type ResourceType, resourceTypes } from './discovery-file.ts'
import { endpointsFirst, stepsBetween } from './steps.ts'

const names = envoyFileNames('edge')

const file = (type: ResourceType, resources: readonly JsonObject[]) =>
  discoveryText({
    type,
    resources: new Map(
      resources.map((resource) => {
        const json = { '@type': resourceTypes[type], ...resource }
        return [String(resource.name ?? resource.cluster_name), json]
      }),
    ),
  })

/** A set with these services, each with its endpoint's port, and one route to each of `routed`. */
function setOf(services: Readonly<Record<string, number>>, routed: readonly string[]): FileSet {
  const clusters = Object.keys(services).map((name) => ({
    name,
    eds_cluster_config: { eds_config: { path_config_source: { path: `/f/${names.endpoints(name)}` } } },
  }))
  return new Map([
    [names.clusters, file('cluster', clusters)],
    [names.routes, file('routes', [{ name: 'edge', to: [...routed] }])],
    [names.listeners, file('listener', [{ name: 'public' }])],
    ...Object.entries(services).map(
      ([name, port]) => [names.endpoints(name), file('endpoints', [{ cluster_name: name, port }])] as const,
    ),
  ])
}

const clustersIn = (files: FileSet) => parseDiscovery(files.get(names.clusters) ?? '')?.resources ?? new Map()
const routedIn = (files: FileSet) => {
  const to = parseDiscovery(files.get(names.routes) ?? '')?.resources.get('edge')?.to
  return Array.isArray(to) ? to.map(String) : []
}

const anySet = fc
  .dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 3 }))
  .chain((services) => fc.subarray(Object.keys(services)).map((routed) => setOf(services, routed)))

t.test('on the way nothing is named before it is there, and nothing goes while it is named', async (t) => {
  fc.assert(
    fc.property(anySet, anySet, (present, wanted) => {
      const steps = stepsBetween(present, wanted, names)
      for (const files of [present, ...steps]) {
        for (const cluster of clustersIn(files).values()) {
          if (!files.has(endpointsFileOf(cluster) ?? '')) return false
        }
        for (const name of routedIn(files)) if (!clustersIn(files).has(name)) return false
      }
      return [...(steps.at(-1) ?? present)].sort().join() === [...wanted].sort().join()
    }),
  )
  t.pass()
})

t.test('where nothing differs there is no step', async (t) => {
  fc.assert(fc.property(anySet, (set) => stepsBetween(set, new Map(set), names).length === 0))
  t.pass()
})

t.test('from nothing it takes one step for each kind', async (t) => {
  t.equal(stepsBetween(emptyFiles(names), setOf({ a: 1 }, ['a']), names).length, 4)
})

t.test('a listener that another takes the address of makes room first, and only such a one', async (t) => {
  const at = (ports: Readonly<Record<string, number>>) =>
    new Map([
      ...setOf({}, []),
      [
        names.listeners,
        file(
          'listener',
          Object.entries(ports).map(([name, port]) => ({ name, address: { port } })),
        ),
      ],
    ])
  const listeners = (files: FileSet) => [...(parseDiscovery(files.get(names.listeners) ?? '')?.resources.keys() ?? [])]
  const steps = stepsBetween(at({ a: 1, b: 2, c: 3 }), at({ a: 2, b: 4, c: 3 }), names)
  t.strictSame(steps.map(listeners), [
    ['a', 'c'],
    ['a', 'b', 'c'],
  ])
  t.equal(stepsBetween(at({ a: 1, b: 2 }), at({ a: 3, c: 2 }), names).length, 1)
})

t.test('a removal needs one step', async (t) => {
  t.equal(stepsBetween(setOf({ a: 1, b: 1 }, ['a']), setOf({ a: 2, b: 1 }, ['a']), names).length, 1)
})

t.test('endpoints of services that are there go first, and nothing else', async (t) => {
  const first = endpointsFirst(setOf({ a: 1, b: 1 }, ['a']), setOf({ a: 2, c: 1 }, ['c']), names)
  t.strictSame(first, setOf({ a: 2, b: 1 }, ['a']))
})
