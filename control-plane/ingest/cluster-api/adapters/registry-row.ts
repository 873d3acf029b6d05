import * as z from 'zod/mini'
import { anyObject, clientId, maybe, maybeText, metadataField, plainText, tagsField } from '../fields.ts'
import { HealthField } from '../health-word.ts'
import { readEndpoint } from './endpoint.ts'
import { adapterOf } from './registration.ts'

const Body = z.object({
  service_id: maybe(clientId()),
  instance_id: maybe(clientId()),
  service_name: plainText(100),
  service_type: maybeText(100),
  service_url: plainText(2_000),
  node_id: maybe(clientId()),
  cluster_id: maybeText(63),
  version: maybeText(100),
  tags: maybe(tagsField()),
  capabilities: maybe(z.union([anyObject(), z.array(z.unknown())], { error: 'expected an object or a list' })),
  config: maybe(anyObject()),
  health_status: maybe(HealthField),
  metadata: maybe(metadataField()),
})

/** `{service_id, service_name, service_type, service_url, node_id, cluster_id, capabilities, config}`: as the table has it */
export const registryRow = adapterOf({
  shape: 'service_id, service_name, service_type, service_url, node_id, cluster_id, capabilities, config',
  recognises: (body) => 'service_url' in body || 'service_id' in body,
  schema: Body,
  tell: (body, complain) => {
    const endpoint = readEndpoint(body.service_url)
    if (typeof endpoint === 'string') return void complain('service_url', endpoint)
    return {
      id: body.service_id ?? body.instance_id,
      service: body.service_name,
      type: body.service_type,
      node: body.node_id,
      address: endpoint.address,
      port: endpoint.port,
      endpoint,
      version: body.version,
      cluster: body.cluster_id,
      tags: body.tags,
      capabilities: body.capabilities,
      config: body.config,
      health: body.health_status,
      metadata: body.metadata,
    }
  },
})
