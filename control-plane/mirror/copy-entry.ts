import { type Reason, reason, reasonText } from '#shared/protocol/reason.ts'
import { type ForeignBelief, type ForeignSpec, foreignId } from '../fleet/belief.ts'
import type { Standing } from '../fleet/routable.ts'
import type { CheckRecord, DesiredInstance, NodeRecord, ServiceRecord } from './catalogue.ts'
import type { EntryOptions } from './entry.ts'
import { consulMetadata, cut } from './metadata.ts'
import { acceptable, checkIdOf, checkNotes, consulNodeName, keyOf, nodeCheckId, originKey, ownerKey } from './names.ts'

/** What a record of ours that is a copy says of its origin. */
const copyOrigin = 'foreign'
const datacenterKey = 'heddle-datacenter'
const nodeKey = 'heddle-node'
const idKey = 'heddle-id'

const mostOutputBytes = 512

/** The node for the copies from one foreign node. No node of the fleet has a line break in its id, so none has this name. */
export function copyNodeName(owner: string, { datacenter, node }: Pick<ForeignSpec, 'datacenter' | 'node'>): string {
  return consulNodeName(owner, `foreign\n${datacenter}\n${node}`)
}

export function copyNode(owner: string, spec: ForeignSpec): NodeRecord {
  const { datacenter, node, nodeAddress } = spec
  return {
    name: copyNodeName(owner, spec),
    address: nodeAddress || spec.address,
    meta: consulMetadata({ [ownerKey]: owner, [originKey]: copyOrigin, [datacenterKey]: datacenter, [nodeKey]: node }),
  }
}

/** The service's id on the node of its copy: its own, unless the id of its check would be that of the node's. */
export function copyId({ id }: Pick<ForeignSpec, 'id'>): string {
  if (keyOf(checkIdOf(id)) !== nodeCheckId) return id
  return acceptable(`${id}\n`, { pattern: /^[a-z0-9-]+$/, most: 50 })
}

/**
 * How a foreign record stands in another datacenter.
 * @param agent what an agent's instance at the same address and port has earned: the agent's word wins
 */
export function copyEntry(
  { owner, warningAs }: EntryOptions,
  { spec, health, check: worst }: ForeignBelief,
  agent: Standing | undefined,
): DesiredInstance {
  const node = copyNodeName(owner, spec)
  const id = copyId(spec)
  const tags = spec.tags
  const ours = {
    [ownerKey]: owner,
    [originKey]: copyOrigin,
    [datacenterKey]: spec.datacenter,
    [nodeKey]: spec.node,
    [idKey]: spec.id,
  }
  const service: ServiceRecord = {
    node,
    id,
    service: spec.service,
    address: spec.address,
    port: spec.port,
    tags,
    meta: consulMetadata(ours, spec.metadata),
    weight: Math.max(1, spec.weight),
  }
  const shown = agent ? wordOf(agent) : { health, why: health === 'passing' ? reason('ok') : foreignCheck(worst) }
  const check: CheckRecord = {
    node,
    id: checkIdOf(id),
    name: `Heddle: copy from ${spec.datacenter}`,
    status: shown.health === 'warning' ? warningAs : shown.health,
    notes: checkNotes(owner),
    output: cut(reasonText(shown.why), mostOutputBytes),
    serviceId: id,
    serviceName: spec.service,
    serviceTags: tags,
  }
  return { service, check, ifThere: false }
}

export function isCopy({ meta }: Pick<ServiceRecord, 'meta'>): boolean {
  return meta[originKey] === copyOrigin
}

/** Of which foreign record a record of ours is the copy; undefined: it is none. */
export function copiedFrom({ meta }: Pick<ServiceRecord, 'meta'>): string | undefined {
  const { [datacenterKey]: datacenter, [nodeKey]: node, [idKey]: id } = meta
  if (!isCopy({ meta }) || datacenter === undefined || node === undefined || id === undefined) return undefined
  return foreignId({ datacenter, node, id })
}

function wordOf({ routable, health, reason: why }: Standing): Pick<ForeignBelief, 'health'> & { readonly why: Reason } {
  if (routable === 'no') return { health: 'critical', why }
  return { health: health === 'warning' ? 'warning' : 'passing', why }
}

function foreignCheck(check: string): Reason {
  return reason('foreign_check', { check: check.slice(0, 200) })
}
