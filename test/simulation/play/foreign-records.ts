import type { ServiceRow } from '#control-plane/consul/answers.ts'
import type { ConsulModel } from '../models/consul.ts'
import type { Random } from '../time/random.ts'

/** Somebody registers a service of theirs, on a node of theirs or in the place of one of ours. In words; undefined: nothing is there to take. */
export function writeForeign(consul: ConsulModel, random: Random): string | undefined {
  if (random.chance(0.3)) return takePlace(consul, random)
  const Node = `legacy-${random.whole(1, 3)}`
  const index = (key: string) => consul.catalogue.all().get(key)?.index ?? 0
  if (index(`node ${Node}`) === 0)
    consul.byHand([{ Node: { Verb: 'cas', Node: { Node, Address: '192.0.2.7', ModifyIndex: 0 } } }])
  const ID = random.chance(0.5) ? 'crm' : 'auth'
  const port = random.whole(8000, 8001)
  const ModifyIndex = index(`service ${Node}\n${ID.toLowerCase()}`)
  const Address = random.chance(0.5) ? '192.0.2.7' : '198.51.100.1'
  const Service = { ID, Service: ID, Address, Port: port, ModifyIndex }
  consul.byHand([{ Service: { Verb: 'cas', Node, Service } }])
  return `${ID} on ${Node} at ${Address}:${port} in ${consul.name}`
}

/** Under an id of ours, on a node of ours. */
function takePlace(consul: ConsulModel, random: Random): string | undefined {
  const ours = [...consul.catalogue.all().values()].filter(isService).filter(({ node }) => node.startsWith('heddle-'))
  const row = random.pick(ours)
  if (!row) return undefined
  const Service = { ID: row.id, Service: row.service, Address: '192.0.2.9', Port: 99, ModifyIndex: row.index }
  consul.byHand([{ Service: { Verb: 'cas', Node: row.node, Service } }])
  return `in the place of ${row.id} in ${consul.name}`
}

function isService(row: object): row is ServiceRow {
  return 'port' in row
}
