import { loadEnvoyDefinitions } from '#control-plane/routing/envoy/definitions.ts'

const type = loadEnvoyDefinitions().type('envoy.service.discovery.v3.DeltaDiscoveryRequest')
const urlOf = (name: string) => `type.googleapis.com/${name}`
const cluster = urlOf('envoy.config.cluster.v3.Cluster')

/** A request as bytes. */
export function xdsRequest(request: object): Buffer {
  return Buffer.from(type.encode(type.fromObject(request)).finish())
}

/** What Envoys say, as bytes. */
export const xdsRequests: readonly Buffer[] = [
  { node: { id: 'envoy-1', cluster: 'edge' }, type_url: cluster, resource_names_subscribe: ['*'] },
  {
    node: { id: 'envoy-1', cluster: 'edge', metadata: { fields: { a: { stringValue: 'b' } } } },
    type_url: urlOf('envoy.config.listener.v3.Listener'),
    initial_resource_versions: { one: '1', two: '2' },
  },
  { type_url: cluster, response_nonce: '1' },
  { type_url: cluster, response_nonce: '2', error_detail: { code: 3, message: 'no\nsuch thing' } },
  {
    type_url: urlOf('envoy.config.endpoint.v3.ClusterLoadAssignment'),
    resource_names_subscribe: ['crm', 'basic-server'],
    resource_names_unsubscribe: ['crm'],
  },
  { type_url: urlOf('envoy.extensions.transport_sockets.tls.v3.Secret'), resource_names_subscribe: ['s1'] },
  { type_url: urlOf('nobody.knows.it'), resource_names_subscribe: ['x'] },
].map(xdsRequest)
