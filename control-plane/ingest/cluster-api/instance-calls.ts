import type { InstanceBelief } from '../../fleet/belief.ts'
import { instanceVersion } from '../../fleet/versions.ts'
import { samplesOf } from '../samples.ts'
import { readRegistration } from './adapters/adapters.ts'
import type { ReadOperation } from './batch.ts'
import { beat, knownClient, readBeat, readHint } from './beat.ts'
import { deregister } from './deregister.ts'
import { readMeasurements } from './measurements.ts'
import type { ClientParts } from './parts.ts'
import { Refusal, withYours } from './refusal.ts'
import { register } from './register.ts'
import type { Reply } from './route.ts'

export type InstanceCalls = ReturnType<typeof instanceCalls>

/** What can be done to an instance, each with its answer. `ifMatch` is the version that it holds for; left out: any. */
export function instanceCalls(parts: ClientParts) {
  const { fleet, hooks, settings } = parts

  const registered = async (
    registration: ReturnType<typeof readRegistration>,
    from: string,
    ifMatch?: string,
  ): Promise<Reply> => {
    const { instance, isNew, notes } = await register(registration, from, parts, ifMatch)
    const body = { success: true, ...summaryOf(instance, parts), notes }
    return { status: isNew ? 201 : 200, body, etag: instanceVersion(instance.spec.id, fleet) }
  }
  const beaten = (id: string, said: ReturnType<typeof readBeat>, ifMatch?: string): Reply | Promise<Reply> => {
    const reply = (instance: InstanceBelief): Reply => ({
      status: 200,
      body: { success: true, ...summaryOf(instance, parts), lifetime_ms: settings.heartbeat_lifetime },
      etag: instanceVersion(instance.spec.id, fleet),
    })
    const instance = beat(id, said, parts, ifMatch)
    return instance instanceof Promise ? instance.then(reply) : reply(instance)
  }
  const deregistered = async (id: string, hint: ReturnType<typeof readHint>, ifMatch?: string): Promise<Reply> => {
    const removed = await deregister(id, hint, parts, ifMatch)
    return { status: 200, body: { success: true, instance_id: removed ?? id, removed: removed !== undefined } }
  }
  const measured = (id: string, measurements: ReturnType<typeof readMeasurements>): Reply => {
    const { spec } = knownClient(id, {}, parts)
    hooks.onMetrics(samplesOf(spec.id, measurements, fleet))
    return { status: 200, body: { success: true, service_id: spec.id, accepted: measurements.length } }
  }

  return { registered, beaten, deregistered, measured }
}

/** Reads an operation of a batch as the call that it stands for. @param from the address that the request came from */
export function operationReader(
  { registered, beaten, deregistered, measured }: InstanceCalls,
  from: string,
): ReadOperation {
  return (kind, operation) => {
    const inner = operation.body ?? operation
    const ifMatch = conditionOf(kind, operation)
    const run = (change: () => Reply | Promise<Reply>) => () => withYours(ifMatch, operation, change)
    if (kind === 'register') {
      const registration = readRegistration(inner)
      return { id: registration.id, run: run(() => registered(registration, from, ifMatch)) }
    }
    const id = operation.id ?? operation.instance_id ?? operation.service_id
    if (!/^(heartbeat|deregister|metrics)$/.test(kind))
      throw wrong('op', 'expected register, heartbeat, deregister or metrics')
    if (typeof id !== 'string' || id === '') throw wrong('id', 'required: the id of the instance')
    if (kind === 'heartbeat') {
      const said = readBeat(inner, Date.now())
      return { id, run: ifMatch === undefined ? () => beaten(id, said) : run(() => beaten(id, said, ifMatch)) }
    }
    if (kind === 'metrics') {
      const { metrics } = operation
      const measurements = readMeasurements(metrics === undefined ? operation.body : { metrics }, Date.now())
      return { id, run: () => measured(id, measurements) }
    }
    const hint = readHint(inner)
    return { id, run: run(() => deregistered(id, hint, ifMatch)) }
  }
}

/** The version that an operation is to hold for, as a header would say it. */
function conditionOf(kind: string, { if_match: ifMatch }: Readonly<Record<string, unknown>>): string | undefined {
  if (ifMatch === undefined || ifMatch === null) return undefined
  if (typeof ifMatch !== 'string') throw wrong('if_match', 'expected the ETag of what was read')
  if (kind === 'metrics') throw wrong('if_match', 'is not minded here')
  return ifMatch
}

function summaryOf({ spec, node }: InstanceBelief, { fleet }: Pick<ClientParts, 'fleet'>) {
  const standing = fleet.standing(spec.id)
  return {
    service_id: spec.id,
    instance_id: spec.id,
    service_name: spec.service,
    node_id: node,
    address: spec.address,
    port: spec.port,
    status: standing?.status ?? 'registered',
    health_status: standing?.health ?? 'unknown',
  }
}

function wrong(field: string, message: string): Refusal {
  return new Refusal(400, 'the operation is not valid', [{ field, message }])
}
