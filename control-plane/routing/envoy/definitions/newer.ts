import protobuf from 'protobufjs'

/** What Envoy 1.40 has and the definitions that come with the package do not, with its own numbers. */
const newerFields: readonly (readonly [of: string, name: string, id: number, type: string, rule?: 'repeated'])[] = [
  ['envoy.config.common.mutation_rules.v3.HeaderMutation', 'remove_on_match', 3, 'RemoveOnMatch'],
  ['envoy.config.route.v3.VirtualHost', 'request_body_buffer_limit', 25, 'google.protobuf.UInt64Value'],
  ['envoy.config.rbac.v3.Principal', 'sourced_metadata', 13, 'SourcedMetadata'],
  ['envoy.config.route.v3.WeightedCluster', 'use_hash_policy', 5, 'google.protobuf.BoolValue'],
  ['envoy.extensions.filters.http.ext_authz.v3.HttpService', 'path_override', 10, 'string'],
  ['envoy.extensions.filters.http.ext_authz.v3.CheckSettings', 'http_service', 5, 'HttpService'],
  [
    'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    'rate_limits',
    17,
    'envoy.config.route.v3.RateLimit',
    'repeated',
  ],
  [
    'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
    'max_dynamic_descriptors',
    18,
    'google.protobuf.UInt32Value',
  ],
  ['envoy.extensions.http.original_ip_detection.xff.v3.XffConfig', 'xff_trusted_cidrs', 2, 'XffTrustedCidrs'],
  ['envoy.extensions.http.original_ip_detection.xff.v3.XffConfig', 'skip_xff_append', 3, 'google.protobuf.BoolValue'],
]

const newerMessages: readonly (readonly [
  of: string,
  message: string,
  fields: Readonly<Record<string, protobuf.IField>>,
])[] = [
  [
    'envoy.config.common.mutation_rules.v3.HeaderMutation',
    'RemoveOnMatch',
    { key_matcher: { id: 1, type: 'envoy.type.matcher.v3.StringMatcher' } },
  ],
  [
    'envoy.config.rbac.v3',
    'SourcedMetadata',
    { metadata_matcher: { id: 1, type: 'envoy.type.matcher.v3.MetadataMatcher' } },
  ],
  [
    'envoy.extensions.http.original_ip_detection.xff.v3',
    'XffTrustedCidrs',
    { cidrs: { id: 1, type: 'envoy.config.core.v3.CidrRange', rule: 'repeated' } },
  ],
  [
    'envoy.extensions.filters.http.composite.v3',
    'CompositePerRoute',
    { matcher: { id: 1, type: 'xds.type.matcher.v3.Matcher' } },
  ],
  [
    'envoy.extensions.filters.http.body_size_limit.v3',
    'BodySizeLimit',
    { max_request_bytes: { id: 1, type: 'google.protobuf.UInt64Value' } },
  ],
]

export function addNewer(root: protobuf.Root): void {
  for (const [of, message, fields] of newerMessages) {
    const parent = root.lookup(of) ?? root.define(of)
    if (parent instanceof protobuf.Namespace) parent.add(protobuf.Type.fromJSON(message, { fields: { ...fields } }))
  }
  for (const [of, name, id, type, rule] of newerFields) {
    root.lookupType(of).add(new protobuf.Field(name, id, type, rule))
  }
}
