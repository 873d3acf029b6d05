import { isDeepStrictEqual } from 'node:util'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import { instanceId } from '#shared/protocol/identity.ts'
import { withoutSecrets } from '#shared/protocol/without-secrets.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import { endpointAt } from './adapters/endpoint.ts'
import type { Registration } from './adapters/registration.ts'
import { clientAddress } from './address.ts'
import { beat } from './beat.ts'
import { type Condition, needVersion } from './condition.ts'
import { agentsOwn } from './find-client.ts'
import { isAlive } from './heartbeats.ts'
import { type Claim, describe, recognise } from './identity.ts'
import { joinUnknownNode } from './join-node.ts'
import type { ClientParts } from './parts.ts'
import { Refusal } from './refusal.ts'

export type Registered = {
  readonly instance: InstanceBelief
  readonly isNew: boolean
  /** What the client should know of how it was registered. */
  readonly notes: readonly string[]
}

/** Others may come between looking and writing this often. */
const mostTries = 5

/**
 * Registers or updates a client's instance; when it resolves, that is on disk. Throws a refusal where the id belongs to somebody
 * else or is not in a version that `condition` names, and STORE_UNAVAILABLE.
 * @param from the address that the request came from
 */
export async function register(
  registration: Registration,
  from: string,
  parts: ClientParts,
  condition?: Condition,
): Promise<Registered> {
  const { fleet, record, beats, settings, hooks } = parts
  const { address, note } = clientAddress(registration.address, from)
  const claim = claimOf(registration, address)
  for (let tries = 0; tries < mostTries; tries += 1) {
    const now = Date.now()
    const alive = (instance: InstanceBelief) => isAlive(instance, beats, now, settings.heartbeat_lifetime)
    const recognised = recognise(claim, (id) => fleet.instances.get(id), alive)
    if (recognised.kind === 'agents') throw agentsOwn(recognised.holder)
    if (recognised.kind === 'conflict') throw conflict(claim, recognised.holders)
    const { id, before } = recognised
    needVersion(condition, before, parts)
    const spec = specOf(registration, id, address)
    // Node ids of clients change with each of their starts; the instance stays where it is.
    const node = recognised.kind === 'same' ? recognised.before.node : claim.node
    const settled =
      before !== undefined && !before.silent && before.node === node && isDeepStrictEqual(before.spec, spec)
    const by = `client:${id}`
    if (!settled) {
      const change = { kind: 'registered', instance: id, spec, node, origin: 'client' } as const
      const [outcome] = await Promise.all([
        record(change, { by, seen: before?.revision ?? 0 }),
        joinUnknownNode(node, registration.cluster ?? '', address, by, parts),
      ])
      if (outcome === 'overtaken') continue
    }
    beats.beat(id, now)
    hooks.onHeartbeat(id, now)
    const instance = fleet.instances.get(id)
    if (!instance) continue
    const notes = [...registration.notes, ...notesOf(claim, instance, note)]
    return { instance: await judged(instance, registration, parts), isNew: before === undefined, notes }
  }
  throw new Refusal(409, `${claim.id} is being changed by somebody else; try again`)
}

/** What a client leaves out of who it is follows from what it says. */
export function claimOf({ id, service, node, port }: Registration, address: string): Claim {
  const on = node ?? address.slice(0, 100)
  return { id: id ?? instanceId(service, on, port), node: on, address, port }
}

/** What a client says of its health when it registers counts as if it came with a heartbeat. */
async function judged(instance: InstanceBelief, { health }: Registration, parts: ClientParts): Promise<InstanceBelief> {
  if (health === undefined || health === 'unknown') return instance
  const { node, spec } = instance
  const hint = { node, address: spec.address, port: spec.port }
  return await beat(spec.id, { hint, health, measurements: [] }, parts)
}

/** What is kept of a client's instance. */
export function specOf(registration: Registration, id: string, address: string): InstanceSpec {
  const { service, type, port, version, cluster, tags, metadata, endpoint, capabilities, config } = registration
  const registered = {
    ...(endpoint === undefined ? {} : { url: endpointAt(endpoint, address) }),
    ...(capabilities === undefined ? {} : { capabilities: withoutSecrets(capabilities) }),
    ...(config === undefined ? {} : { config: withoutSecrets(config) }),
  }
  return {
    id,
    service,
    ...(type === undefined ? {} : { type }),
    address,
    port,
    ...(cluster === undefined ? {} : { cluster }),
    ...(version === undefined ? {} : { version }),
    tags: [...tags],
    metadata: { ...withoutSecrets(metadata) },
    checks: [],
    ...(Object.keys(registered).length === 0 ? {} : { registered }),
  }
}

function notesOf({ id, node }: Claim, instance: InstanceBelief, note: string | undefined): readonly string[] {
  const notes = note === undefined ? [] : [note]
  if (instance.spec.id !== id)
    notes.push(
      `instance_id: ${id} is alive elsewhere; this instance is ${instance.spec.id}, send heartbeats under that id`,
    )
  if (instance.node !== node) notes.push(`node_id: known on ${instance.node} at this address and port, and kept there`)
  return notes
}

function conflict({ id }: Claim, holders: readonly InstanceBelief[]): Refusal {
  const names = holders.map(describe).join(' and ')
  return new Refusal(409, `${id} is taken by ${names}`, [{ field: 'instance_id', message: 'is in use elsewhere' }])
}
