import type { ExplainView } from '#shared/protocol/api.ts'
import { reasonText } from '#shared/protocol/reason.ts'
import { admissionOf } from '../fleet/admission.ts'
import type { ForeignBelief, InstanceBelief, NodeBelief } from '../fleet/belief.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Standing } from '../fleet/routable.ts'
import type { SinkAnswer } from '../fleet/sink.ts'
import type { Witnesses } from '../ingest/agents/vantage/confirm.ts'
import { contactStages } from './explain-contact.ts'
import { isoTime } from './iso-time.ts'

type Stage = ExplainView['stages'][number]

/**
 * Why an instance is or is not routed, from what its agent found to what each sink shows.
 * @param witnesses what others see of it; left out where nobody knows, as of the past
 */
export function explain(
  id: string,
  fleet: FleetView,
  routes: readonly Stage[],
  sinks: readonly SinkAnswer[],
  witnesses?: Witnesses,
): ExplainView {
  const instance = fleet.instances.get(id)
  const standing = fleet.standing(id)
  const foreign = fleet.foreign.get(id)
  if (foreign) return explainForeign(id, foreign, sinks)
  if (!instance || !standing) {
    const text = fleet.complete
      ? 'No agent and no client has registered it, or it was deregistered.'
      : 'The stored fleet is still being loaded.'
    return {
      instance: id,
      known: false,
      routable: 'no',
      answer: `${id} is not known.`,
      stages: [{ stage: 'registered', state: 'no', text }, ...sinks.map((answer) => sinkStage(answer, 'no'))],
    }
  }
  const node = fleet.nodes.get(instance.node)
  const stages = [
    registeredStage(instance, node),
    ...(instance.origin === 'agent' ? contactStages(instance, node, fleet, witnesses) : []),
    healthStage(instance),
    ...(instance.death ? [deathStage(instance.death)] : []),
    admissionStage(instance, node),
    routableStage(standing),
    ...conflictStages(instance, fleet),
    ...foreignStages(instance, fleet),
    ...routes,
    ...sinks.map((answer) => sinkStage(answer, standing.routable)),
  ]
  return { instance: id, known: true, routable: standing.routable, answer: answer(id, standing, routes, sinks), stages }
}

function answer(
  id: string,
  { routable, reason }: Standing,
  routes: readonly Stage[],
  sinks: readonly SinkAnswer[],
): string {
  if (routable === 'no') return `${id} is not routed: ${reasonText(reason)}.`
  const behind = sinks.filter(({ state }) => state !== 'shown').map(({ sink }) => sink)
  if (routes.length === 0) return `${id} is routable (${reasonText(reason)}), but no route leads to its service.`
  const late = behind.length === 0 ? 'every sink shows it' : `not yet shown by ${behind.join(', ')}`
  const how = routable === 'last' ? 'routed only when nothing better is left' : 'routed'
  return `${id} is ${how} (${reasonText(reason)}); ${late}.`
}

function registeredStage(
  { spec, registeredAt, registeredBy, node }: InstanceBelief,
  on: NodeBelief | undefined,
): Stage {
  const where = `${spec.address}:${spec.port} on ${on?.spec.name || node}`
  return {
    stage: 'registered',
    state: 'yes',
    text: `${spec.service} at ${where}, by ${registeredBy}`,
    since: isoTime(registeredAt),
  }
}

function healthStage({ health, reason, healthSince, silent }: InstanceBelief): Stage {
  const state = health === 'passing' ? 'yes' : health === 'warning' ? 'note' : 'no'
  const text = `${health}: ${reasonText(reason)}${silent ? '; its heartbeat expired' : ''}`
  return { stage: 'health', state: silent ? 'no' : state, text, since: isoTime(healthSince) }
}

function deathStage({ how, vantages, at }: NonNullable<InstanceBelief['death']>): Stage {
  const what = how === 'refused' ? 'was refused' : 'got no answer'
  return { stage: 'health', state: 'no', text: `Death confirmed: ${vantages.join(', ')} ${what}.`, since: isoTime(at) }
}

function admissionStage(instance: InstanceBelief, node: NodeBelief | undefined): Stage {
  const { state, by, reason, since, expiresAt, of } = admissionOf(instance, node)
  if (state === 'active') return { stage: 'admission', state: 'yes', text: 'active', since: isoTime(since) }
  const whole = of === 'node' ? ` of all that is on ${node?.spec.name || instance.node}` : ''
  const until = expiresAt === undefined ? 'until somebody ends it' : `until ${isoTime(expiresAt)}`
  return {
    stage: 'admission',
    state: 'no',
    text: `${state}${whole} by ${by}, ${until}${reason ? `: ${reason}` : ''}`,
    since: isoTime(since),
  }
}

function routableStage({ routable, reason, consul, status, health }: Standing): Stage {
  const state = routable === 'yes' ? 'yes' : routable === 'last' ? 'note' : 'no'
  const text = `${routable} (${reasonText(reason)}); in Consul ${consul}, in the registry API ${status}/${health}`
  return { stage: 'routable', state, text }
}

/** Other live instances on the same address and port: two agents on one address are none, two servers on one port are. */
function conflictStages({ spec }: InstanceBelief, fleet: FleetView): readonly Stage[] {
  const rivals = [...fleet.instancesAt(spec.address, spec.port)].filter((id) => id !== spec.id)
  return rivals.map((id) => ({
    stage: 'conflict',
    state: 'note',
    text: `${id} is registered at ${spec.address}:${spec.port} as well.`,
  }))
}

/** Records of others at the same address and port: the fleet's word is the one that counts, and Consuls may show theirs instead of ours. */
function foreignStages({ spec }: InstanceBelief, fleet: FleetView): readonly Stage[] {
  return [...fleet.foreignAt(spec.address, spec.port)].sort().flatMap((id) => {
    const known = fleet.foreign.get(id)
    if (!known) return []
    const text = `somebody else has registered it in ${known.spec.datacenter}, as ${known.spec.service}: ${foreignHealth(known)}`
    return [{ stage: 'discovered', state: 'note', text, since: isoTime(known.foundAt) }]
  })
}

/** A record of somebody else: it is listed, and copied where policy wants it, but never routed. */
function explainForeign(id: string, belief: ForeignBelief, sinks: readonly SinkAnswer[]): ExplainView {
  const { spec, health, foundAt, healthSince } = belief
  const where = `${spec.service} at ${spec.address}:${spec.port} on ${spec.node}`
  const state = health === 'passing' ? 'yes' : health === 'warning' ? 'note' : 'no'
  const consuls = sinks.filter(({ sink }) => sink.startsWith('consul:'))
  return {
    instance: id,
    known: true,
    routable: 'no',
    answer: `${id} was registered by somebody else in ${spec.datacenter}: it is listed, and copied where policy wants it, but not routed.`,
    stages: [
      { stage: 'discovered', state: 'note', text: `${where}, in ${spec.datacenter}`, since: isoTime(foundAt) },
      { stage: 'health', state, text: foreignHealth(belief), since: isoTime(healthSince) },
      ...consuls.map(({ sink, state: shown, remark }): Stage => {
        const isSource = sink === `consul:${spec.datacenter}`
        return isSource
          ? { stage: `sink:${sink}`, state: 'yes', text: 'it stands there as it was registered, and is never touched' }
          : { stage: `sink:${sink}`, state: shown === 'shown' ? 'yes' : 'note', text: `${shown}: ${remark}` }
      }),
    ],
  }
}

function foreignHealth({ health, check }: ForeignBelief): string {
  return check === '' ? health : `${health}: the check ${check} says so`
}

function sinkStage({ sink, state, remark }: SinkAnswer, routable: Standing['routable']): Stage {
  // A sink that does not show what must not be routed is as it should be.
  const fine = state === 'shown' || (state === 'absent' && routable === 'no')
  return {
    stage: `sink:${sink}`,
    state: fine ? 'yes' : state === 'unknown' ? 'note' : 'no',
    text: `${state}: ${remark}`,
  }
}
