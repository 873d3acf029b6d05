import t from 'tap'
import { loadEnvoyDefinitions } from './definitions.ts'
import type { Json } from './json.ts'

const definitions = loadEnvoyDefinitions()

function through(name: string, json: Json): object {
  const type = definitions.type(name)
  return type.toObject(type.decode(definitions.encode(name, json)), { longs: Number, enums: String, bytes: String })
}

for (const { name, type, json, becomes } of [
  {
    name: 'a duration',
    type: 'envoy.config.cluster.v3.Cluster',
    json: { connect_timeout: '1.5s' },
    becomes: { connect_timeout: { seconds: 1, nanos: 500_000_000 } },
  },
  {
    name: 'a short duration',
    type: 'envoy.config.cluster.v3.Cluster',
    json: { connect_timeout: '0.001s' },
    becomes: { connect_timeout: { seconds: 0, nanos: 1_000_000 } },
  },
  {
    name: 'a wrapped number',
    type: 'envoy.config.cluster.v3.OutlierDetection',
    json: { enforcing_consecutive_5xx: 0 },
    becomes: { enforcing_consecutive_5xx: { value: 0 } },
  },
  {
    name: 'an enum',
    type: 'envoy.config.cluster.v3.Cluster',
    json: { lb_policy: 'LEAST_REQUEST' },
    becomes: { lb_policy: 'LEAST_REQUEST' },
  },
  {
    name: 'a struct',
    type: 'google.protobuf.Struct',
    json: {},
    becomes: {},
  },
  {
    name: 'a struct inside',
    type: 'envoy.config.core.v3.SubstitutionFormatString',
    json: { json_format: { a: 'b', n: 1, yes: true, o: { l: ['x'] } } },
    becomes: {
      json_format: {
        fields: {
          a: { stringValue: 'b' },
          n: { numberValue: 1 },
          yes: { boolValue: true },
          o: { structValue: { fields: { l: { listValue: { values: [{ stringValue: 'x' }] } } } } },
        },
      },
    },
  },
  {
    name: 'an Any',
    type: 'envoy.config.core.v3.TypedExtensionConfig',
    json: { name: 'x', typed_config: { '@type': 'type.googleapis.com/envoy.config.core.v3.Locality', region: 'r' } },
    becomes: {
      name: 'x',
      typed_config: { type_url: 'type.googleapis.com/envoy.config.core.v3.Locality', value: 'CgFy' },
    },
  },
]) {
  await t.test(`${name} reaches Envoy as its definitions want it`, async (t) => {
    t.strictSame(JSON.parse(JSON.stringify(through(type, json as Json))), becomes)
  })
}

for (const { name, json, error } of [
  { name: 'a field that the type does not have', json: { connect_timout: '1s' }, error: /has no field connect_timout/ },
  { name: 'a duration that is none', json: { connect_timeout: '5' }, error: /expected a duration/ },
  { name: 'a number where an object belongs', json: { outlier_detection: 7 }, error: /expected an object/ },
  { name: 'an Any without its type', json: { typed_extension_protocol_options: { x: {} } }, error: /needs "@type"/ },
]) {
  await t.test(`${name} is refused`, async (t) => {
    t.throws(() => definitions.encode('envoy.config.cluster.v3.Cluster', json), error)
  })
}
