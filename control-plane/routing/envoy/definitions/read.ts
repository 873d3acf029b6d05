import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, isAbsolute, join } from 'node:path'
import protobuf from 'protobufjs'
import { addNewer } from './newer.ts'

const files = [
  'envoy/service/discovery/v3/ads.proto',
  'envoy/config/listener/v3/listener.proto',
  'envoy/config/route/v3/route.proto',
  'envoy/config/cluster/v3/cluster.proto',
  'envoy/config/endpoint/v3/endpoint.proto',
  'envoy/extensions/access_loggers/file/v3/file.proto',
  'envoy/extensions/access_loggers/filters/cel/v3/cel.proto',
  'envoy/extensions/filters/http/composite/v3/composite.proto',
  'envoy/extensions/filters/http/cors/v3/cors.proto',
  'envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto',
  'envoy/extensions/filters/http/health_check/v3/health_check.proto',
  'envoy/extensions/filters/http/jwt_authn/v3/config.proto',
  'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto',
  'envoy/extensions/filters/http/rbac/v3/rbac.proto',
  'envoy/extensions/filters/http/router/v3/router.proto',
  'envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol.proto',
  'envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto',
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto',
  'envoy/extensions/http/original_ip_detection/xff/v3/xff.proto',
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto',
  'envoy/extensions/transport_sockets/tls/v3/secret.proto',
  'envoy/extensions/transport_sockets/tls/v3/tls.proto',
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
]
const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate']

/**
 * Reads the definitions from the sources that come with the package; about 0.3 s. What is shipped has their outcome in a file of its own
 * instead (setup/bundle.ts).
 */
export function readDefinitions(): protobuf.Root {
  const require = createRequire(import.meta.url)
  const base = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps')
  const descriptor: {
    nested: protobuf.INamespace['nested'] & object
  } = require('protobufjs/google/protobuf/descriptor.json')
  const root = new protobuf.Root()
  root.addJSON(descriptor.nested)
  root.resolvePath = (_, target) => {
    if (isAbsolute(target)) return target
    return folders.map((folder) => join(base, folder, target)).find((path) => existsSync(path)) ?? null
  }
  root.loadSync([...files], { keepCase: true })
  addNewer(root)
  return root
}
