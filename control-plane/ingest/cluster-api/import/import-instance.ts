import { isDeepStrictEqual } from 'node:util'
import type { ImportEnd } from '#shared/protocol/registry-import.ts'
import type { InstanceBelief } from '../../../fleet/belief.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import { isOnlyLocal } from '../../local-address.ts'
import { readRegistration } from '../adapters/adapters.ts'
import type { Registration } from '../adapters/registration.ts'
import { isAlive } from '../heartbeats.ts'
import { type Claim, describe } from '../identity.ts'
import { joinUnknownNode } from '../join-node.ts'
import type { ClientParts } from '../parts.ts'
import { Refusal } from '../refusal.ts'
import { claimOf, specOf } from '../register.ts'
import { differsRemedy, type ImportHow } from './how.ts'

const mostTries = 5

/** Who of the same call is at which place. */
export type Claimed = Map<string, { readonly id: string; readonly service: string }>

/**
 * Registers an instance that a former registry had, in any of the shapes in which clients register. What that registry thought of its
 * health counts for nothing: it is `registered` and nobody knows how it is, until it is heard of. Throws a refusal.
 */
export async function importInstance(
  body: unknown,
  how: ImportHow,
  parts: ClientParts,
  claimed: Claimed,
): Promise<ImportEnd> {
  const { fleet, record, beats, settings, hooks } = parts
  const registration = readRegistration(body)
  const address = addressOf(registration, fleet, how)
  const claim = claimOf(registration, address)
  const spec = specOf(registration, claim.id, address)
  for (let tries = 0; tries < mostTries; tries += 1) {
    const now = Date.now()
    const alive = (instance: InstanceBelief) => isAlive(instance, beats, now, settings.heartbeat_lifetime)
    const { end, seen, node } = judge(claim, spec, how.overwrite, fleet, alive)
    if (end.outcome !== 'taken') return end
    const place = JSON.stringify([address, claim.port])
    const first = claimed.get(place)
    if (first !== undefined && first.id !== claim.id) return besides(first, spec.service)
    claimed.set(place, { id: claim.id, service: spec.service })
    if (how.dryRun) return end
    const change = { kind: 'registered', instance: claim.id, spec, node, origin: 'client' } as const
    const [outcome] = await Promise.all([
      record(change, { by: how.by, seen }),
      joinUnknownNode(node, registration.cluster ?? '', address, how.by, parts),
    ])
    if (outcome === 'overtaken') continue
    if (seen === 0) {
      // Nobody was heard of; but how long it may be silent counts from now on.
      beats.beat(claim.id, now)
      hooks.onHeartbeat(claim.id, now)
    }
    return end
  }
  throw new Refusal(409, `${claim.id} is being changed by somebody else`, [], { remedy: 'Import it again.' })
}

type Judged = { readonly end: ImportEnd; readonly seen: number; readonly node: string }

/** What becomes of a row, from what there is. An import makes nothing routable, and takes no word from who is heard of. */
function judge(
  { id, node, address, port }: Claim,
  spec: InstanceBelief['spec'],
  overwrite: boolean,
  fleet: FleetView,
  alive: (instance: InstanceBelief) => boolean,
): Judged {
  const ended = (outcome: ImportEnd['outcome'], reason?: string, remedy?: string): Judged => {
    const why = { ...(reason === undefined ? {} : { reason }), ...(remedy === undefined ? {} : { remedy }) }
    return { end: { outcome, ...why }, seen: 0, node }
  }
  const known = fleet.instances.get(id)
  if (!known) {
    for (const other of fleet.instancesAt(address, port)) {
      const holder = fleet.instances.get(other)
      if (!holder) continue
      // Former registries have copies and ghosts of one instance under other ids.
      if (holder.origin !== 'client' || holder.spec.service === spec.service)
        return ended('there', `${describe(holder)} is at its place`)
      return ended('kept', `${describe(holder)} has this address and port`, placeRemedy(other))
    }
    return ended('taken')
  }
  const here = known.spec.address === address && known.spec.port === port
  if (known.origin !== 'client') {
    const who = known.origin === 'agent' ? 'an agent' : 'Kubernetes'
    if (here) return ended('there', `${who} looks after it`)
    return ended(
      'kept',
      `${who} looks after ${describe(known)}`,
      'Nothing is to be done: whoever looks after it says where it is.',
    )
  }
  if (here && isDeepStrictEqual(known.spec, spec)) return ended('there')
  if (!overwrite) return ended('kept', `${describe(known)} is registered otherwise`, differsRemedy)
  if (here && !alive(known) && known.health !== 'unknown') {
    return ended('kept', `${describe(known)} is silent, and to register it would make it look alive`, silentRemedy(id))
  }
  if (!here && alive(known)) return ended('kept', `${describe(known)} is alive elsewhere`, silentRemedy(id))
  return { end: { outcome: 'taken' }, seen: known.revision, node: here ? known.node : node }
}

/** The same as of an instance that was there before. */
function besides(first: { readonly id: string; readonly service: string }, service: string): ImportEnd {
  if (first.service === service) return { outcome: 'there', reason: `${first.id} is at its place` }
  const reason = `${first.id} of ${first.service} has this address and port`
  return { outcome: 'kept', reason, remedy: placeRemedy(first.id) }
}

function placeRemedy(holder: string): string {
  return `Correct the port, or deregister ${holder} if it is gone, and import it again.`
}

function silentRemedy(id: string): string {
  return `Leave it: it registers itself; or deregister ${id} and import it again.`
}

/** Where an imported instance is reached: the request that imports it came from somewhere else. */
function addressOf({ address, node }: Registration, fleet: FleetView, { nodes }: ImportHow): string {
  if (address !== undefined && !isOnlyLocal(address)) return address
  const ofNode = node === undefined ? [] : [fleet.nodes.get(node)?.spec.address, nodes.get(node)]
  const own = ofNode.find((each) => each !== undefined && each !== '' && !isOnlyLocal(each))
  if (own !== undefined) return own
  const said = address === undefined ? 'no address is given' : `others cannot reach ${address}`
  const message = node === undefined ? said : `${said}, and that of node ${node} is not known`
  throw new Refusal(400, 'the row is not valid', [{ field: 'service_url', message }], {
    remedy: 'Give its address, or that of its node in cluster_nodes.',
  })
}
