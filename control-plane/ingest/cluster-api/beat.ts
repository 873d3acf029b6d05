import type { Health } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { InstanceBelief } from '../../fleet/belief.ts'
import { samplesOf } from '../samples.ts'
import { type Condition, needVersion } from './condition.ts'
import { readBody } from './fields.ts'
import { findClient } from './find-client.ts'
import { HeartbeatBody } from './heartbeat-body.ts'
import type { Hint } from './identity.ts'
import { type Measurement, readMeasurements } from './measurements.ts'
import type { ClientParts } from './parts.ts'
import { Refusal } from './refusal.ts'

const mostTries = 5

/** What a heartbeat says. */
export type Beat = {
  readonly hint: Hint
  readonly health: Health | undefined
  readonly measurements: readonly Measurement[]
}

const bare: Beat = { hint: {}, health: undefined, measurements: [] }

/** Throws a 400 refusal that names what is wrong. @param now epoch milliseconds */
export function readBeat(body: unknown, now: number): Beat {
  // Most say nothing but that they live.
  if (body === undefined || body === null) return bare
  const read = readBody(HeartbeatBody, body)
  const { metrics } = read
  const measurements = metrics === undefined || metrics === null ? [] : readMeasurements({ metrics }, now)
  return { hint: hintOf(read), health: read.health ?? read.health_status ?? undefined, measurements }
}

/** What a request says of its sender besides the id in its path. Throws a 400 refusal. */
export function readHint(body: unknown): Hint {
  return body === undefined || body === null ? bare.hint : hintOf(readBody(HeartbeatBody, body))
}

function hintOf({ node_id, address, port }: HeartbeatBody): Hint {
  return { node: node_id ?? undefined, address: address ?? undefined, port: port ?? undefined }
}

/**
 * Renews a client's instance, and records what the heartbeat changes: its health, or that it is heard of again. Throws a refusal
 * (404 not registered, 409 nobody can tell who it is, 403 an agent's, 412 not as `condition` says) and, if something has to be recorded, STORE_UNAVAILABLE.
 */
export function beat(
  id: string,
  said: Beat,
  parts: ClientParts,
  condition?: Condition,
): InstanceBelief | Promise<InstanceBelief> {
  const { fleet, beats, hooks, namesakes } = parts
  const now = Date.now()
  const instance = knownClient(id, said.hint, parts)
  needVersion(condition, instance, parts)
  beats.beat(instance.spec.id, now)
  hooks.onHeartbeat(instance.spec.id, now)
  if (said.measurements.length > 0) hooks.onMetrics(samplesOf(instance.spec.id, said.measurements, fleet))
  if (!changes(instance, said)) return instance
  return (async () => {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const current = findClient(id, said.hint, namesakes)
      if (!current) throw notRegistered(id)
      needVersion(condition, current, parts)
      if (!changes(current, said)) return current
      const outcome = await judge(current, healthAfter(current, said.health), parts)
      if (outcome !== 'overtaken') return fleet.instances.get(current.spec.id) ?? current
    }
    throw new Refusal(409, `${id} is being changed by somebody else; try again`)
  })()
}

/** The client's instance that is meant. Throws a refusal: 404 not registered, 409 nobody can tell which, 403 an agent's. */
export function knownClient(id: string, hint: Hint, { namesakes }: Pick<ClientParts, 'namesakes'>): InstanceBelief {
  const instance = findClient(id, hint, namesakes)
  if (!instance) throw notRegistered(id)
  return instance
}

function notRegistered(id: string): Refusal {
  return new Refusal(
    404,
    `${id} is not registered`,
    [{ field: 'id', message: 'register it first: POST /cluster/register' }],
    {
      remedy: 'Register it by POST /cluster/register; the answer says under which id.',
    },
  )
}

function changes(instance: InstanceBelief, { health }: Beat): boolean {
  return instance.silent || healthAfter(instance, health) !== instance.health
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
