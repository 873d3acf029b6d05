import * as z from 'zod/mini'
import { addressField, clientId, maybe, maybeText, metadataField, plainText, portField, tagsField } from '../fields.ts'
import { adapterOf } from './registration.ts'

const Body = z.object({
  id: maybe(clientId()),
  name: plainText(100),
  type: maybeText(100),
  host: maybe(addressField()),
  address: maybe(addressField()),
  port: portField(),
  node_id: maybe(clientId()),
  version: maybeText(100),
  cluster_id: maybeText(63),
  /** A list of paths, or paths by their names. */
  endpoints: z.optional(z.unknown()),
  tags: maybe(tagsField()),
  metadata: maybe(metadataField()),
})

/** `{name, type, host, port, endpoints, tags}` */
export const namedHost = adapterOf({
  shape: 'name, type, host, port, endpoints, tags',
  recognises: (body) => 'name' in body && !('metric_name' in body),
  schema: Body,
  tell: (body) => ({
    id: body.id,
    service: body.name,
    type: body.type,
    node: body.node_id,
    address: body.host ?? body.address,
    port: body.port,
    version: body.version,
    cluster: body.cluster_id,
    tags: body.tags,
    metadata: { ...body.metadata, ...(body.endpoints == null ? {} : { endpoints: body.endpoints }) },
  }),
})
