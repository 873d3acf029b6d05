import * as z from 'zod/mini'
import { clientIdPattern } from '#shared/protocol/identity.ts'
import { addressField, anyObject, clientId, maybe, maybeText, portField, readBody } from './fields.ts'
import { Refusal } from './refusal.ts'

const types = ['management', 'worker', 'gateway'] as const
const statuses = ['active', 'inactive', 'maintenance'] as const
const anything = () => maybe(z.union([anyObject(), z.array(z.unknown())], { error: 'expected an object or a list' }))

/** What stands in paths of its own can be no node's id. */
const reserved = new Set(['register', 'unregister', 'status', 'heartbeat', 'failure', 'report-failure', 'sync'])

const Body = z.object({
  node_id: maybe(clientId()),
  id: maybe(clientId()),
  node_name: maybeText(200),
  name: maybeText(200),
  node_type: maybe(z.enum(types)),
  type: maybe(z.enum(types)),
  host_address: maybe(addressField()),
  address: maybe(addressField()),
  host: maybe(addressField()),
  port: maybe(portField()),
  status: maybe(z.enum(statuses)),
  cluster_id: maybeText(63),
  site: maybeText(200),
  capabilities: anything(),
  resources: anything(),
})

/** What a cluster manager says of its node. */
export type NodeRegistration = {
  readonly id: string
  readonly name: string
  readonly type: (typeof types)[number]
  readonly address: string | undefined
  readonly port: number | null
  readonly status: (typeof statuses)[number]
  readonly cluster: string
  readonly site: string
  readonly capabilities: unknown
  readonly resources: unknown
}

/** Throws a 400 refusal that names what is wrong. @param named the node's id where the path has it */
export function readNode(body: unknown, named: string | undefined): NodeRegistration {
  const read = readBody(Body, body ?? {})
  const id = named ?? read.node_id ?? read.id
  if (id === null || id === undefined) throw wrongId('required')
  if (!clientIdPattern.test(id)) throw wrongId('expected 1 to 100 letters, digits or any of ". _ : @ -"')
  if (reserved.has(id)) throw wrongId(`${id} is a word of the API; expected another id`)
  return {
    id,
    name: read.node_name ?? read.name ?? id,
    type: read.node_type ?? read.type ?? 'worker',
    address: read.host_address ?? read.address ?? read.host ?? undefined,
    port: read.port ?? null,
    status: read.status ?? 'active',
    cluster: read.cluster_id ?? '',
    site: read.site ?? '',
    capabilities: read.capabilities ?? {},
    resources: read.resources ?? {},
  }
}

function wrongId(message: string): Refusal {
  return new Refusal(400, 'the node is not valid', [{ field: 'node_id', message }])
}

const IdBody = z.object({ node_id: maybe(clientId()), id: maybe(clientId()), failed_node: maybe(clientId()) })

/** The id of a node that a body names. Throws a 400 refusal. */
export function readNodeId(body: unknown, named: string | undefined): string {
  const read = readBody(IdBody, body ?? {})
  const id = named ?? read.failed_node ?? read.node_id ?? read.id
  if (id === null || id === undefined) throw wrongId('required')
  return id
}
