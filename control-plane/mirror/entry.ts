import { reasonText } from '#shared/protocol/reason.ts'
import type { InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { Standing } from '../fleet/routable.ts'
import type { CheckRecord, DesiredInstance, NodeRecord, ServiceRecord } from './catalogue.ts'
import { consulMetadata, cut } from './metadata.ts'
import { checkIdOf, checkNotes, consulNodeName, nodeCheckId, originKey, ownerKey } from './names.ts'

const mostOutputBytes = 512

/** How the node of an instance stands in a catalogue. `node` is undefined where a client named one that nobody described. */
export function nodeRecord(owner: string, id: string, node: NodeBelief | undefined, address: string): NodeRecord {
  const { name, site, cluster } = node?.spec ?? { name: '', site: '', cluster: '' }
  const origin = node && node.contact !== 'none' ? 'agent' : 'client'
  return {
    name: consulNodeName(owner, id),
    address,
    meta: consulMetadata({
      [ownerKey]: owner,
      [originKey]: origin,
      'heddle-node': id,
      name: name === id ? '' : name,
      site,
      cluster,
    }),
  }
}

/** Critical only when the node's death is confirmed: it hides all that is on it from whoever asks for passing ones. */
export function nodeCheck(owner: string, node: string, dead: boolean): CheckRecord {
  return {
    node,
    id: nodeCheckId,
    name: 'Heddle: node',
    status: dead ? 'critical' : 'passing',
    notes: checkNotes(owner),
    output: dead ? 'death_confirmed' : 'ok',
    serviceId: '',
    serviceName: '',
    serviceTags: [],
  }
}

export type EntryOptions = {
  readonly owner: string
  /** How a routable instance with a warning is shown. */
  readonly warningAs: 'passing' | 'warning'
}

/** How an instance stands in a catalogue. Its output is the reason alone: what changes without a change of state stays out. */
export function instanceEntry(
  { owner, warningAs }: EntryOptions,
  { spec, node: nodeId, origin }: InstanceBelief,
  standing: Standing,
  node: NodeBelief | undefined,
): DesiredInstance {
  const name = consulNodeName(owner, nodeId)
  const service: ServiceRecord = {
    node: name,
    id: spec.id,
    service: spec.service,
    address: spec.address,
    port: spec.port,
    tags: spec.tags,
    meta: consulMetadata(
      {
        [ownerKey]: owner,
        [originKey]: origin,
        name: spec.name,
        type: spec.type,
        version: spec.version,
        site: node?.spec.site,
        cluster: spec.cluster ?? node?.spec.cluster,
      },
      spec.metadata,
    ),
    weight: consulWeight(spec.weight),
  }
  const check: CheckRecord = {
    node: name,
    id: checkIdOf(spec.id),
    name: 'Heddle: instance',
    status: checkStatus(standing, warningAs),
    notes: checkNotes(owner),
    output: cut(reasonText(standing.reason), mostOutputBytes),
    serviceId: spec.id,
    serviceName: spec.service,
    serviceTags: spec.tags,
  }
  return { service, check, ifThere: standing.consul === 'absent' }
}

function checkStatus({ consul, health }: Standing, warningAs: 'passing' | 'warning'): CheckRecord['status'] {
  if (consul !== 'passing') return 'critical'
  return health === 'warning' ? warningAs : 'passing'
}

/** Consul's normal weight is 1 and ours is 100; records of others beside ours have 1, so ours must not have 100. */
function consulWeight(weight = 100): number {
  return Math.max(1, Math.round(weight / 100))
}
