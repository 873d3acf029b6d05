import * as z from 'zod/mini'
import { clientId, maybe, maybeText, metadataField, plainText, tagsField } from '../fields.ts'
import { HealthField } from '../health-word.ts'
import { readEndpoint } from './endpoint.ts'
import { adapterOf } from './registration.ts'

const Body = z.object({
  id: clientId(),
  name: plainText(100),
  type: maybeText(100),
  version: maybeText(100),
  endpoint: plainText(2_000),
  node_id: maybe(clientId()),
  tags: maybe(tagsField()),
  health: maybe(HealthField),
  metadata: maybe(metadataField()),
})

/**
 * `{id, name, version, endpoint, health: {status, message, timestamp, details}, metadata, last_check, registered_at}`. Times in it are
 * not looked at: they are constants as often as not.
 */
export const healthRecord = adapterOf({
  shape: 'id, name, version, endpoint, health, metadata',
  recognises: (body) => 'endpoint' in body,
  schema: Body,
  tell: (body, complain) => {
    const endpoint = readEndpoint(body.endpoint)
    if (typeof endpoint === 'string') return void complain('endpoint', endpoint)
    return {
      id: body.id,
      service: body.name,
      type: body.type,
      node: body.node_id,
      address: endpoint.address,
      port: endpoint.port,
      endpoint,
      version: body.version,
      tags: body.tags,
      health: body.health,
      metadata: body.metadata,
    }
  },
})
