import * as z from 'zod/mini'
import {
  addressField,
  anyObject,
  clientId,
  maybe,
  maybeText,
  metadataField,
  plainText,
  portField,
  tagsField,
} from '../fields.ts'
import { adapterOf } from './registration.ts'

const Body = z.object({
  service_name: plainText(100),
  service_type: maybeText(100),
  instance_id: clientId(),
  node_id: clientId(),
  address: maybe(addressField()),
  port: portField(),
  version: maybeText(100),
  cluster_id: maybeText(63),
  tags: maybe(tagsField()),
  capabilities: maybe(z.union([anyObject(), z.array(z.unknown())], { error: 'expected an object or a list' })),
  config: maybe(anyObject()),
  metadata: maybe(metadataField()),
})

/** `{service_name, service_type, instance_id, node_id, address, port, metadata}` */
export const serviceInstance = adapterOf({
  shape: 'service_name, service_type, instance_id, node_id, address, port, metadata',
  recognises: (body) => 'service_name' in body || 'instance_id' in body,
  schema: Body,
  tell: (body) => ({
    id: body.instance_id,
    service: body.service_name,
    type: body.service_type,
    node: body.node_id,
    address: body.address,
    port: body.port,
    version: body.version,
    cluster: body.cluster_id,
    tags: body.tags,
    capabilities: body.capabilities,
    config: body.config,
    metadata: body.metadata,
  }),
})
