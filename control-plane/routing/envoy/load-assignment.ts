import type { Endpoint, Service } from '../table.ts'
import type { Json } from './json.ts'

/** Endpoints that Envoy treats alike: of one priority and one site. */
export type EndpointGroup = { readonly priority: 0 | 1; readonly site: string; readonly endpoints: readonly Endpoint[] }

/** By priority, then site; each in the order given. */
export function groupEndpoints(endpoints: readonly Endpoint[]): readonly EndpointGroup[] {
  const groups: { priority: 0 | 1; site: string; endpoints: Endpoint[] }[] = []
  for (const endpoint of endpoints) {
    const { priority, site } = endpoint
    const group = groups.find((known) => known.priority === priority && known.site === site)
    if (group) group.endpoints.push(endpoint)
    else groups.push({ priority, site, endpoints: [endpoint] })
  }
  return groups.sort((a, b) => a.priority - b.priority || (a.site < b.site ? -1 : 1))
}

/** Envoy's load assignment of a service, for people and files; what is sent is made by `encodeLoadAssignment`. */
export function toLoadAssignment({ name, endpoints }: Pick<Service, 'name' | 'endpoints'>): Json {
  return {
    cluster_name: name,
    endpoints: groupEndpoints(endpoints).map(({ priority, site, endpoints: members }) => ({
      ...(site === '' ? {} : { locality: { region: site } }),
      lb_endpoints: members.map(toLbEndpoint),
      ...(priority === 0 ? {} : { priority }),
    })),
  }
}

function toLbEndpoint({ instance, address, port, weight }: Endpoint): Json {
  return {
    endpoint: { address: { socket_address: { address, port_value: port } }, hostname: instance },
    load_balancing_weight: weight,
  }
}
