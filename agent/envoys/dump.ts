import { Digest, endpointKey, type Leaf } from '#shared/envoy/digest.ts'
import type { Runs, RunsKind } from '#shared/protocol/runs.ts'
import type { JsonPath } from './json-leaves.ts'

/** One part of Envoy's configuration dump: what is asked for, and where in each of its elements the resource and its version stand. */
export type DumpPart = {
  readonly resource: string
  readonly kind: RunsKind
  readonly from: Runs['from']
  /** Where the resource stands in an element. */
  readonly at: readonly string[]
  /** Where its version does; undefined: Envoy does not say it. */
  readonly version?: readonly string[]
  /** Envoy does not show what it says. */
  readonly hidden?: true
}

/** What of Envoy's configuration Heddle cares for. */
export const dumpParts: readonly DumpPart[] = [
  { resource: 'static_clusters', kind: 'cluster', from: 'own', at: ['cluster'] },
  { resource: 'dynamic_active_clusters', kind: 'cluster', from: 'given', at: ['cluster'], version: ['version_info'] },
  {
    resource: 'dynamic_warming_clusters',
    kind: 'cluster',
    from: 'warming',
    at: ['cluster'],
    version: ['version_info'],
  },
  { resource: 'static_listeners', kind: 'listener', from: 'own', at: ['listener'] },
  {
    ...{ resource: 'dynamic_listeners', kind: 'listener', from: 'given' },
    ...{ at: ['active_state', 'listener'], version: ['active_state', 'version_info'] },
  },
  { resource: 'dynamic_route_configs', kind: 'routes', from: 'given', at: ['route_config'], version: ['version_info'] },
  // Envoy hides what is in secrets, even where it is only the name of a file.
  {
    ...{ resource: 'dynamic_active_secrets', kind: 'secret', from: 'given' },
    ...{ at: ['secret'], version: ['version_info'], hidden: true },
  },
  { resource: 'static_endpoint_configs', kind: 'endpoints', from: 'own', at: ['endpoint_config'] },
  { resource: 'dynamic_endpoint_configs', kind: 'endpoints', from: 'given', at: ['endpoint_config'] },
]

type Endpoint = { address: string; port: number; weight: number; region: string }
type Element = {
  name: string
  version: string
  readonly digest: Digest
  /** Of endpoints: those of the group that is being read. */
  group: Endpoint[]
  priority: number
  region: string
}

/** Reduces one part of a dump to what is compared: leaf by leaf, so that nothing has to be held that is long. */
export class DumpReduction {
  readonly #part: DumpPart
  readonly #wanted: ReadonlySet<string>
  readonly #found: Runs[] = []
  /** By service, where they were asked for. */
  readonly endpoints: Record<string, string[]> = {}
  #index = -1
  #group = -1
  #element: Element | undefined

  /** @param endpointsOf services whose endpoints are to be named one by one */
  constructor(part: DumpPart, endpointsOf: ReadonlySet<string> = new Set()) {
    this.#part = part
    this.#wanted = endpointsOf
  }

  /** @param path from the beginning of the dump on: `configs`, which element, and so on */
  leaf = (path: JsonPath, leaf: Leaf): void => {
    const [configs, index] = path
    if (configs !== 'configs' || typeof index !== 'number') return
    if (index !== this.#index) this.#begin(index)
    const element = this.#element
    if (!element) return
    const { at, version, kind, hidden } = this.#part
    const inner = path.slice(2)
    if (version && isAt(inner, version) && inner.length === version.length) element.version = String(leaf)
    // Secrets and listeners have their names beside them, too.
    else if (inner.length === 1 && inner[0] === 'name') element.name = String(leaf)
    if (!isAt(inner, at)) return
    const own = inner.slice(at.length)
    if (own.length === 1 && (own[0] === 'name' || own[0] === 'cluster_name')) element.name = String(leaf)
    if (kind === 'endpoints') this.#endpoint(element, own, leaf)
    else if (hidden === undefined && !(own.length === 1 && own[0] === '@type')) element.digest.add(own.join('/'), leaf)
  }

  /** Everything that was found, once all has been read. */
  end(): readonly Runs[] {
    this.#begin(-1)
    return this.#found
  }

  #begin(index: number): void {
    const { kind, from, hidden } = this.#part
    const element = this.#element
    if (element) {
      this.#closeGroup(element)
      const { name, version, digest } = element
      this.#found.push({ kind, name, from, version, digest: hidden ? '' : digest.text })
    }
    this.#index = index
    this.#group = -1
    const empty = { name: '', version: '', group: [], priority: 0, region: '' }
    this.#element = index < 0 ? undefined : { ...empty, digest: new Digest() }
  }

  /** Envoy shows the endpoints that it has, with more about each than it was given. */
  #endpoint(element: Element, [list, group, ...path]: JsonPath, leaf: Leaf): void {
    if (list !== 'endpoints' || typeof group !== 'number') return
    if (group !== this.#group) {
      this.#closeGroup(element)
      this.#group = group
    }
    const [first, index, ...rest] = path
    if (first === 'priority') element.priority = Number(leaf)
    if (first === 'locality' && index === 'region') element.region = String(leaf)
    if (first !== 'lb_endpoints' || typeof index !== 'number') return
    element.group[index] ??= { address: '', port: 0, weight: 1, region: '' }
    const endpoint = element.group[index]
    const where = rest.join('/')
    if (where === 'endpoint/address/socket_address/address') endpoint.address = String(leaf)
    if (where === 'endpoint/address/socket_address/port_value') endpoint.port = Number(leaf)
    if (where === 'load_balancing_weight') endpoint.weight = Number(leaf)
  }

  #closeGroup(element: Element): void {
    const { group, priority, region, digest, name } = element
    for (const endpoint of group) {
      const key = endpointKey({ ...endpoint, priority, region })
      digest.add('', key)
      if (!this.#wanted.has(name)) continue
      this.endpoints[name] ??= []
      this.endpoints[name].push(key)
    }
    Object.assign(element, { group: [], priority: 0, region: '' })
  }
}

function isAt(path: JsonPath, beginning: readonly string[]): boolean {
  return beginning.every((part, index) => path[index] === part)
}
