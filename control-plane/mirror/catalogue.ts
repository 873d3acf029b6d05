import type { CheckRow, NodeRow, ServiceRow } from '../consul/answers.ts'
import type { CheckStatus } from '../consul/operation.ts'

/** What stands in a catalogue, without its index. */
export type NodeRecord = Omit<NodeRow, 'index'>
export type ServiceRecord = Omit<ServiceRow, 'index'>
export type CheckRecord = Omit<CheckRow, 'index' | 'status'> & { readonly status: CheckStatus }
/** A check of anybody. */
export type AnyCheckRecord = Omit<CheckRow, 'index'>

/** A record that is there, with the index to compare-and-set it with. */
export type Found<T> = { readonly record: T; readonly index: number }

/** One record to be written or deleted, if its index is still this one (0: if it is not there). */
export type Step =
  | { readonly verb: 'cas' | 'delete-cas'; readonly what: 'node'; readonly record: NodeRecord; readonly index: number }
  | {
      readonly verb: 'cas' | 'delete-cas'
      readonly what: 'service'
      readonly record: ServiceRecord
      readonly index: number
    }
  | { readonly verb: 'cas'; readonly what: 'check'; readonly record: CheckRecord; readonly index: number }

/** What a node of the catalogue should hold. */
export type DesiredNode = {
  readonly node: NodeRecord
  readonly check: CheckRecord
  /** By key of the service's id. */
  readonly instances: ReadonlyMap<string, DesiredInstance>
}

export type DesiredInstance = {
  readonly service: ServiceRecord
  readonly check: CheckRecord
  /** Not judged yet: it is not added, but what is already there stays, as critical. */
  readonly ifThere: boolean
}

/** What a node of the catalogue holds, as far as we know. */
export type ActualNode = {
  readonly name: string
  /** Undefined: the node itself is not there. */
  readonly node: Found<NodeRecord> | undefined
  /** By key of the service's id. */
  readonly services: ReadonlyMap<string, Found<ServiceRecord>>
  /** By key of the check's id. */
  readonly checks: ReadonlyMap<string, Found<AnyCheckRecord>>
}

export function sameNode(a: NodeRecord, b: NodeRecord): boolean {
  return a === b || (a.name === b.name && a.address === b.address && sameTexts(a.meta, b.meta))
}

export function sameService(a: ServiceRecord, b: ServiceRecord): boolean {
  if (a === b) return true
  return (
    a.id === b.id &&
    a.service === b.service &&
    a.address === b.address &&
    a.port === b.port &&
    a.weight === b.weight &&
    sameList(a.tags, b.tags) &&
    sameTexts(a.meta, b.meta)
  )
}

export function sameCheck(a: AnyCheckRecord, b: AnyCheckRecord): boolean {
  if (a === b) return true
  return (
    a.id === b.id &&
    a.status === b.status &&
    a.output === b.output &&
    a.serviceId === b.serviceId &&
    a.serviceName === b.serviceName &&
    a.name === b.name &&
    a.notes === b.notes &&
    // Consul copies the tags of the service when the check is written, not when the service is.
    sameList(a.serviceTags, b.serviceTags)
  )
}

export function sameInstance(a: DesiredInstance, b: DesiredInstance): boolean {
  return a.ifThere === b.ifThere && sameService(a.service, b.service) && sameCheck(a.check, b.check)
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((value, place) => value === b[place]))
}

function sameTexts(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true
  let count = 0
  for (const key in a) {
    if (a[key] !== b[key]) return false
    count += 1
  }
  for (const _ in b) count -= 1
  return count === 0
}
