import { kindOfAddress } from '#shared/probe/target.ts'
import { type Reason, reason } from '#shared/protocol/reason.ts'
import type { InstanceBelief, NodeBelief } from '../../fleet/belief.ts'
import type { Standing } from '../../fleet/routable.ts'
import type { ChosenInstances, ServicePolicy } from '../declaration/declaration.ts'
import { isIp } from '../declaration/texts.ts'
import type { Endpoint } from '../table.ts'
import type { Place } from './locality.ts'

/** An instance that may be called, before its service's other instances are looked at. */
export type Candidate = Omit<Endpoint, 'priority'> & {
  /** Empty where it is not known. */
  readonly cluster: string
  /** Only when nothing better is left. */
  readonly last: boolean
  /** Of a cluster that only stands in for another one; left out: it does not. */
  readonly standsIn?: true
}

export type Judgement =
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  | {
      readonly kind: 'left-out'
      readonly reason: Reason
      /** Where it would be called if it were well; left out: it is not there to be called, or was taken out of service. */
      readonly failedAt?: Place
      /** As which it is called if too few of its service are left: nothing but its check condemns it. Left out: never. */
      readonly inPanic?: Candidate
    }

/** Whether an instance may be called at all, and if not, why. */
export function judge(
  { spec, death }: InstanceBelief,
  node: NodeBelief | undefined,
  standing: Standing,
  policy: ServicePolicy,
): Judgement {
  const leftOut = (why: Reason): Judgement => ({ kind: 'left-out', reason: why })
  const cluster = spec.cluster ?? node?.spec.cluster ?? ''
  const elsewhere = policy.cluster !== undefined && cluster !== policy.cluster
  const { side } = policy
  const onOtherSide = side && isChosen(side.chosen, spec) !== side.canary
  const { id: instance, address, port, weight = 100 } = spec
  const place = { site: node?.spec.site ?? '', cluster }
  const candidate = { instance, address, port, weight, ...place, last: standing.routable === 'last' }
  if (standing.routable === 'no') {
    const fails = standing.status === 'failed'
    const failed = (fails || standing.reason.code === 'silent') && !elsewhere && !onOtherSide && weight > 0
    const inPanic = failed && fails && !death && isCallable(address) ? { inPanic: candidate } : {}
    return { kind: 'left-out', reason: standing.reason, ...(failed && { failedAt: place, ...inPanic }) }
  }
  if (elsewhere) return leftOut(reason('other_cluster', { cluster }))
  if (onOtherSide) return leftOut(reason('other_side', { service: side.of }))
  if (weight === 0) return leftOut(reason('no_weight'))
  // A proxy resolves no names: one that does not resolve would cost the whole service its updates.
  if (!isIp(address)) return leftOut(reason('unreachable', { error: 'its address is not an IP address' }))
  const kind = kindOfAddress(address)
  // Whoever can announce an instance would have gateways hand out what a cloud tells a machine alone.
  if (kind !== undefined && kind !== 'loopback') {
    return leftOut(reason('unreachable', { error: `its address is ${nowhere[kind]}` }))
  }
  return { kind: 'candidate', candidate }
}

const nowhere = {
  'link-local': 'link-local',
  metadata: 'that of a cloud’s metadata',
  multicast: 'one of many',
  nobody: 'nobody’s',
  'no address': 'none',
} as const

function isCallable(address: string): boolean {
  const kind = isIp(address) ? kindOfAddress(address) : 'no address'
  return kind === undefined || kind === 'loopback'
}

function isChosen(chosen: ChosenInstances, { tags, metadata }: InstanceBelief['spec']): boolean {
  return 'tag' in chosen ? tags.includes(chosen.tag) : chosen.metadata.every(([key, value]) => metadata[key] === value)
}
