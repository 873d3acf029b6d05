import { isDeepStrictEqual } from 'node:util'
import type { InstanceSpec } from '#shared/protocol/check.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import type { Registration } from './adapters/registration.ts'
import { clientAddress } from './address.ts'
import { agentsOwn } from './find-client.ts'
import { isAlive } from './heartbeats.ts'
import { describe, recognise } from './identity.ts'
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
 * else, and STORE_UNAVAILABLE.
 * @param from the address that the request came from
 */
export async function register(registration: Registration, from: string, parts: ClientParts): Promise<Registered> {
  const { fleet, record, beats, settings, hooks } = parts
  const { address, note } = clientAddress(registration.address, from)
  for (let tries = 0; tries < mostTries; tries += 1) {
    const now = Date.now()
    const claim = { id: registration.id, node: registration.node, address, port: registration.port }
    const alive = (instance: InstanceBelief) => isAlive(instance, beats, now, settings.heartbeat_lifetime)
    const recognised = recognise(claim, (id) => fleet.instances.get(id), alive)
    if (recognised.kind === 'agents') throw agentsOwn(recognised.holder)
    if (recognised.kind === 'conflict') throw conflict(registration, recognised.holders)
    const { id, before } = recognised
    const spec = specOf(registration, id, address)
    // Node ids of clients change with each of their starts; the instance stays where it is.
    const node = recognised.kind === 'same' ? recognised.before.node : registration.node
    const settled =
      before !== undefined && !before.silent && before.node === node && isDeepStrictEqual(before.spec, spec)
    const by = `client:${id}`
    if (!settled) {
      const change = { kind: 'registered', instance: id, spec, node, origin: 'client' } as const
      const [outcome] = await Promise.all([
        record(change, { by, seen: before?.revision ?? 0 }),
        joinNode(node, registration, address, by, parts),
      ])
      if (outcome === 'overtaken') continue
    }
    beats.beat(id, now)
    hooks.onHeartbeat(id, now)
    const instance = fleet.instances.get(id)
    if (!instance) continue
    return { instance, isNew: before === undefined, notes: notesOf(registration, instance, note) }
  }
  throw new Refusal(409, `${registration.id} is being changed by somebody else; try again`)
}

/** A node that nobody knows is one without an agent. */
async function joinNode(
  node: string,
  { cluster = '' }: Registration,
  address: string,
  by: string,
  { fleet, record }: ClientParts,
): Promise<void> {
  if (fleet.nodes.has(node)) return
  const spec = {
    id: node,
    name: node,
    machine: '',
    incarnation: 0,
    address,
    site: '',
    cluster,
    version: '',
    gateways: [],
  }
  await record({ kind: 'node-joined', node: spec }, { by, seen: 0 })
}

function specOf(
  { service, type, port, version, cluster, metadata }: Registration,
  id: string,
  address: string,
): InstanceSpec {
  return {
    id,
    service,
    ...(type === undefined ? {} : { type }),
    address,
    port,
    ...(cluster === undefined ? {} : { cluster }),
    ...(version === undefined ? {} : { version }),
    tags: [],
    metadata: { ...metadata },
    checks: [],
  }
}

function notesOf({ id, node }: Registration, instance: InstanceBelief, note: string | undefined): readonly string[] {
  const notes = note === undefined ? [] : [note]
  if (instance.spec.id !== id)
    notes.push(
      `instance_id: ${id} is alive elsewhere; this instance is ${instance.spec.id}, send heartbeats under that id`,
    )
  if (instance.node !== node) notes.push(`node_id: known on ${instance.node} at this address and port, and kept there`)
  return notes
}

function conflict({ id }: Registration, holders: readonly InstanceBelief[]): Refusal {
  const names = holders.map(describe).join(' and ')
  return new Refusal(409, `${id} is taken by ${names}`, [{ field: 'instance_id', message: 'is in use elsewhere' }])
}
