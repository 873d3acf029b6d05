import type { Health } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import { findClient } from './find-client.ts'
import type { HeartbeatBody } from './heartbeat-body.ts'
import type { Hint } from './identity.ts'
import type { ClientParts } from './parts.ts'
import { Refusal } from './refusal.ts'

const mostTries = 5

/** What a request says of its sender besides the id in its path. */
export function hintOf({ node_id, address, port }: Pick<HeartbeatBody, 'node_id' | 'address' | 'port'>): Hint {
  return { node: node_id ?? undefined, address: address ?? undefined, port: port ?? undefined }
}

/**
 * Renews a client's instance, and records what the heartbeat changes: its health, or that it is heard of again. Throws a refusal
 * (404 not registered, 409 nobody can tell who it is, 403 an agent's) and, if something has to be recorded, STORE_UNAVAILABLE.
 */
export async function beat(id: string, body: HeartbeatBody, parts: ClientParts): Promise<InstanceBelief> {
  const { fleet, beats, hooks, namesakes } = parts
  const now = Date.now()
  for (let tries = 0; tries < mostTries; tries += 1) {
    const instance = findClient(id, hintOf(body), namesakes)
    if (!instance) {
      throw new Refusal(404, `${id} is not registered`, [
        { field: 'id', message: 'register it first: POST /cluster/register' },
      ])
    }
    const { spec } = instance
    if (tries === 0) {
      beats.beat(spec.id, now)
      hooks.onHeartbeat(spec.id, now)
      if (body.metrics) hooks.onMetrics(spec.id, body.metrics, now)
    }
    const health = healthAfter(instance, body.health ?? body.health_status ?? undefined)
    if (health === instance.health && !instance.silent) return instance
    if ((await judge(instance, health, parts)) !== 'overtaken') return fleet.instances.get(spec.id) ?? instance
  }
  throw new Refusal(409, `${id} is being changed by somebody else; try again`)
}

/** A heartbeat that says nothing of health renews what was said before; from one that never said anything it is good news. */
function healthAfter({ health }: InstanceBelief, said: Health | undefined): Health {
  if (said !== undefined && said !== 'unknown') return said
  return health === 'unknown' && said === undefined ? 'passing' : health
}

async function judge({ spec, revision }: InstanceBelief, health: Health, { fleet, record }: ClientParts) {
  const why = reason('heartbeat')
  if (health === 'critical') fleet.publishRemoval(spec.id, why)
  try {
    return await record(
      { kind: 'judged', instance: spec.id, health, reason: why },
      { by: `client:${spec.id}`, seen: revision },
    )
  } catch (error) {
    fleet.lift(spec.id)
    throw error
  }
}
