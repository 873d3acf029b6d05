import type { InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { FleetView } from '../fleet/fleet.ts'
import { tenantOfInstance } from '../fleet/owner.ts'
import type { Server } from './allocate.ts'

/** What a Basic Server's metadata says of how much it takes; also in what a client registers as `capabilities`, or of a node as `resources`. */
const capacityKey = 'environments'

export type ServerSettings = {
  /** Which instances are Basic Servers. */
  readonly type: string
  /** How much one takes that does not say so. */
  readonly capacity: number
}

/** The Basic Servers that a tenant may have environments on: its own and those that are nobody's, as far as they are in service. */
export function serversFor(
  tenant: string | undefined,
  fleet: Pick<FleetView, 'nodes' | 'instances' | 'standing'>,
  settings: ServerSettings,
): readonly Server[] {
  const servers: Server[] = []
  for (const instance of fleet.instances.values()) {
    if (!isServer(instance, settings.type)) continue
    const node = fleet.nodes.get(instance.node)
    const owner = tenantOfInstance(instance, node)
    if (owner !== undefined && owner !== tenant) continue
    if ((fleet.standing(instance.spec.id)?.routable ?? 'no') === 'no') continue
    servers.push(serverOf(instance, node, settings.capacity))
  }
  return servers
}

function isServer({ spec }: InstanceBelief, type: string): boolean {
  return spec.type === undefined ? spec.service === type || spec.service.startsWith(`${type}-`) : spec.type === type
}

function serverOf(instance: InstanceBelief, node: NodeBelief | undefined, usual: number): Server {
  const { spec } = instance
  return {
    instance: spec.id,
    node: instance.node,
    site: node?.spec.site ?? '',
    // What is known of a node without an agent is its name.
    machine: node?.spec.machine || instance.node,
    cluster: spec.cluster ?? node?.spec.cluster ?? '',
    labels: spec.metadata,
    capacity: capacityOf(instance, node) ?? usual,
  }
}

/** The first that says it: the instance's metadata, its capabilities, its node's resources. What is no whole number says nothing. */
export function capacityOf({ spec }: InstanceBelief, node: NodeBelief | undefined): number | undefined {
  const said = [spec.metadata, spec.registered?.capabilities, node?.spec.registered?.resources]
  return said.map((each) => wholeOf(fieldOf(each))).find((each) => each !== undefined)
}

function fieldOf(said: unknown): unknown {
  return typeof said === 'object' && said !== null && Object.hasOwn(said, capacityKey)
    ? (said as Readonly<Record<string, unknown>>)[capacityKey]
    : undefined
}

function wholeOf(said: unknown): number | undefined {
  const number = typeof said === 'string' && /^\d{1,7}$/.test(said) ? Number(said) : said
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
