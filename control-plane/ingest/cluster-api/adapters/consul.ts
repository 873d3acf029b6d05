import * as z from 'zod/mini'
import type { Health } from '#shared/protocol/check.ts'
import { clientIdPattern } from '#shared/protocol/identity.ts'
import { addressField, clientId, maybe, metadataField, plainText, portField, tagsField } from '../fields.ts'
import { HealthField } from '../health-word.ts'
import { adapterOf } from './registration.ts'

const Check = z.object({ Status: maybe(HealthField) })
const checks = {
  Check: maybe(Check),
  Checks: maybe(z.array(maybe(Check))),
}

const AgentBody = z.object({
  ID: maybe(clientId()),
  Name: plainText(100),
  Tags: maybe(tagsField()),
  Address: maybe(addressField()),
  Port: portField(),
  Meta: maybe(metadataField()),
  ...checks,
})

/** What goes to a Consul agent: `{ID, Name, Tags, Address, Port, Meta, Check}`. */
export const consulAgent = adapterOf({
  shape: 'ID, Name, Tags, Address, Port, Meta, Check',
  recognises: (body) => 'Name' in body,
  schema: AgentBody,
  metadataField: 'Meta',
  tell: (body) => ({
    id: idOf(body.ID, body.Name),
    service: body.Name,
    address: body.Address,
    port: body.Port,
    tags: body.Tags,
    metadata: body.Meta,
    ...judged(body),
  }),
})

const CatalogBody = z.object({
  Node: clientId(),
  Address: maybe(addressField()),
  Service: z.object(
    {
      ID: maybe(clientId()),
      Service: plainText(100),
      Tags: maybe(tagsField()),
      Address: maybe(addressField()),
      Port: portField(),
      Meta: maybe(metadataField()),
    },
    { error: 'expected a service; a node alone is registered by POST /cluster/nodes' },
  ),
  ...checks,
})

/** What goes to Consul's catalogue: `{Node, Address, Service: {ID, Service, Tags, Address, Port, Meta}, Check}`. */
export const consulCatalog = adapterOf({
  shape: 'Node, Address, Service: {ID, Service, Tags, Address, Port, Meta}, Check',
  recognises: (body) => 'Service' in body || 'Node' in body,
  schema: CatalogBody,
  metadataField: 'Service.Meta',
  tell: ({ Node, Address, Service, ...rest }) => ({
    id: idOf(Service.ID, Service.Service),
    service: Service.Service,
    node: Node,
    address: Service.Address ?? Address,
    port: Service.Port,
    tags: Service.Tags,
    metadata: Service.Meta,
    ...judged(rest),
  }),
})

/** Consul takes the name for an id that is left out; one that cannot be an id is made into one. */
function idOf(id: string | null | undefined, name: string): string | undefined {
  return id ?? (clientIdPattern.test(name) ? name : undefined)
}

type Checked = Pick<z.output<typeof AgentBody>, 'Check' | 'Checks'>

const order: readonly Health[] = ['critical', 'warning', 'passing']

function judged({ Check: one, Checks: many }: Checked) {
  const all = [one, ...(many ?? [])].filter((check) => check != null)
  const health = order.find((each) => all.some(({ Status }) => Status === each))
  const notes =
    all.length === 0
      ? []
      : ['Check: is not run here; send heartbeats, or let the agent of the node look after the service']
  return { health, notes }
}
