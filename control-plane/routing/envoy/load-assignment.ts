import type { Endpoint, Service } from '../table.ts'
import type { Json } from './json.ts'

/** Endpoints that Envoy treats alike: of one priority and one site. */
export type EndpointGroup = {
  readonly priority: number
  readonly site: string
  readonly endpoints: readonly Endpoint[]
}

/** By priority, then site; each in the order given. */
export function groupEndpoints(endpoints: readonly Endpoint[]): readonly EndpointGroup[] {
  const [first] = endpoints
  if (first === undefined) return []
  // The common case costs no copy.
  const { priority, site } = first
  if (endpoints.every((endpoint) => endpoint.priority === priority && endpoint.site === site)) {
    return [{ priority, site, endpoints }]
  }
  const groups: { priority: number; site: string; endpoints: Endpoint[] }[] = []
  for (const endpoint of endpoints) {
    const group = groups.find((known) => known.priority === endpoint.priority && known.site === endpoint.site)
    if (group) group.endpoints.push(endpoint)
    else groups.push({ priority: endpoint.priority, site: endpoint.site, endpoints: [endpoint] })
  }
  return groups.sort((a, b) => a.priority - b.priority || (a.site < b.site ? -1 : 1))
}

/**
 * A priority is left only when nothing of it can be called: of Envoy's own accord some requests would go on to the next one as soon as
 * a few instances of it are ejected. In percent; enough for 10,000 instances of which one is left.
 */
export const overprovisioning = 1_000_000

/** Envoy's load assignment of a service, for people and files; what is sent is made by `encodeLoadAssignment`. */
export function toLoadAssignment({ name, endpoints }: Pick<Service, 'name' | 'endpoints'>): Json {
  const groups = groupEndpoints(endpoints)
  return {
    cluster_name: name,
    ...(hasStandby(groups) ? { policy: { overprovisioning_factor: overprovisioning } } : {}),
    endpoints: groups.map(({ priority, site, endpoints: members }) => ({
      ...(site === '' ? {} : { locality: { region: site } }),
      lb_endpoints: members.map(toLbEndpoint),
      ...(priority === 0 ? {} : { priority }),
    })),
  }
}

export function hasStandby(groups: readonly Pick<EndpointGroup, 'priority'>[]): boolean {
  return groups.some(({ priority }) => priority > 0)
}

function toLbEndpoint({ instance, address, port, weight }: Endpoint): Json {
  return {
    endpoint: { address: { socket_address: { address, port_value: port } }, hostname: instance },
    load_balancing_weight: weight,
  }
}
