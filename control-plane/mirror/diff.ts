import {
  type ActualNode,
  type AnyCheckRecord,
  type DesiredInstance,
  type DesiredNode,
  type Found,
  type NodeRecord,
  type ServiceRecord,
  type Step,
  sameCheck,
  sameNode,
  sameService,
} from './catalogue.ts'
import type { Cause } from './desired.ts'
import type { Endpoints } from './endpoints.ts'
import { checkNotes, gossipCheckId, keyOf, nodeCheckId, ownerKey } from './names.ts'

/** What a change is about: an instance of a node (by key), or the node itself. */
export type Unit = { readonly node: string; readonly instance: string | undefined }

export type Change = {
  readonly unit: Unit
} /** Writes what is missing or different. `adds`: it was not there at all. */ & (
  | { readonly kind: 'put'; readonly adds: boolean; readonly steps: readonly Step[] }
  /** Takes a record of ours away. Without a cause its deletion is only inferred. */
  | { readonly kind: 'remove'; readonly cause: Cause | undefined; readonly steps: readonly Step[] }
  /** Somebody else has our key: left alone. */
  | { readonly kind: 'contested'; readonly text: string }
  /** Somebody else has registered the same endpoint: ours is not shown. */
  | { readonly kind: 'yielded'; readonly text: string }
  /** Should go, but something of others hangs on it. */
  | { readonly kind: 'kept'; readonly text: string }
)

export type DiffContext = {
  readonly owner: string
  /** Endpoints of others, or undefined where the policy is to add ours beside them. */
  readonly others: Endpoints | undefined
  /** Why a record of ours that is not desired should go, if that is known. */
  readonly causeOf: (unit: Unit, service: ServiceRecord) => Cause | undefined
  /** Whether the fleet is complete: before, nothing is concluded from what is not there. */
  readonly complete: boolean
}

/** What makes `actual` show `desired`. Nothing is left to do once it has been applied. */
export function* diff(
  desired: ReadonlyMap<string, DesiredNode>,
  actual: ReadonlyMap<string, ActualNode>,
  context: DiffContext,
): Generator<Change> {
  for (const [key, node] of desired) yield* diffNode(key, node, actual.get(key), context)
  for (const [key, node] of actual) if (!desired.has(key)) yield* diffNode(key, undefined, node, context)
}

/**
 * The same for one node: what is added comes before what stands on it, what goes comes after.
 * @param only the keys of the instances to look at; all by default. The node itself is always looked at.
 */
export function diffNode(
  key: string,
  desired: DesiredNode | undefined,
  actual: ActualNode | undefined,
  context: DiffContext,
  only?: ReadonlySet<string>,
): readonly Change[] {
  const found = actual?.node
  const keys = only ?? allKeys(desired, actual)
  if (actual && found && found.record.meta[ownerKey] !== context.owner) return contestedNode(key, desired, actual, keys)
  if (!found && !needed(desired)) return []
  const changes: Change[] = []
  if (desired) changes.push(...diffNodeRecords(key, desired, actual, context))
  for (const instance of keys) {
    const unit = { node: key, instance }
    const wanted = desired?.instances.get(instance)
    if (wanted) changes.push(...diffInstance(unit, wanted, actual, context))
    else if (actual) changes.push(...removeInstance(unit, actual, context))
  }
  if (!desired && actual && found) changes.push(...removeNode(key, found, actual, changes, context))
  return changes
}

/** Takes out of the changes of one node what may not be done now; a node goes only together with everything on it. */
export function withoutHeld(changes: readonly Change[], isHeld: (change: Change) => boolean): readonly Change[] {
  if (!changes.some((change) => change.kind === 'remove' && isHeld(change))) return changes
  return changes.filter((change) => change.kind !== 'remove' || !(change.unit.instance === undefined || isHeld(change)))
}

function allKeys(desired: DesiredNode | undefined, actual: ActualNode | undefined): Iterable<string> {
  if (!desired) return actual?.services.keys() ?? []
  if (!actual) return desired.instances.keys()
  return new Set([...desired.instances.keys(), ...actual.services.keys()])
}

/** Whether a node must be there: it holds an instance that must. */
function needed(desired: DesiredNode | undefined): boolean {
  if (!desired) return false
  for (const { ifThere } of desired.instances.values()) if (!ifThere) return true
  return false
}

function contestedNode(
  key: string,
  desired: DesiredNode | undefined,
  { name, node, checks }: ActualNode,
  keys: Iterable<string>,
): readonly Change[] {
  if (!desired) return []
  const theirs = node?.record.meta[ownerKey]
  const member = checks.has(keyOf(gossipCheckId))
  const whose = member
    ? "is a member of Consul's gossip: its agent would remove what we write"
    : theirs === undefined
      ? 'was registered by somebody else'
      : `belongs to the Heddle owner ${theirs}`
  const text = `node ${name} ${whose}`
  const changes: Change[] = [{ kind: 'contested', unit: { node: key, instance: undefined }, text }]
  for (const instance of keys) {
    if (desired.instances.has(instance)) changes.push({ kind: 'contested', unit: { node: key, instance }, text })
  }
  return changes
}

function* diffNodeRecords(
  key: string,
  { node, check }: DesiredNode,
  actual: ActualNode | undefined,
  context: DiffContext,
): Generator<Change> {
  const unit = { node: key, instance: undefined }
  const steps: Step[] = []
  const found = actual?.node
  if (!found || !sameNode(found.record, node)) {
    steps.push({ verb: 'cas', what: 'node', record: node, index: found?.index ?? 0 })
  }
  const there = actual?.checks.get(nodeCheckId)
  if (there && !isOurs(there, context)) {
    yield { kind: 'contested', unit, text: `check ${nodeCheckId} on node ${node.name} was written by somebody else` }
  } else if (!there || !sameCheck(there.record, check)) {
    steps.push({ verb: 'cas', what: 'check', record: check, index: there?.index ?? 0 })
  }
  if (steps.length > 0) yield { kind: 'put', unit, adds: !found, steps }
}

function* diffInstance(
  unit: Unit,
  { service, check, ifThere }: DesiredInstance,
  actual: ActualNode | undefined,
  context: DiffContext,
): Generator<Change> {
  const found = actual?.services.get(keyOf(service.id))
  if (found && found.record.meta[ownerKey] !== context.owner) {
    yield { kind: 'contested', unit, text: `service ${service.id} on node ${service.node} is somebody else's` }
    return
  }
  if (!found && ifThere) return
  const other = context.others?.find(service, context.owner)
  if (other !== undefined) {
    yield {
      kind: 'yielded',
      unit,
      text: `${service.service} at ${service.address}:${service.port} is there as ${other}`,
    }
    if (found && actual) yield* removeFound(unit, found, actual, 'yielded', context)
    return
  }
  const steps: Step[] = []
  if (!found || !sameService(found.record, service)) {
    steps.push({ verb: 'cas', what: 'service', record: service, index: found?.index ?? 0 })
  }
  const there = actual?.checks.get(keyOf(check.id))
  if (there && !isOurs(there, context)) {
    yield { kind: 'contested', unit, text: `check ${check.id} on node ${service.node} was written by somebody else` }
  } else if (!there || !sameCheck(there.record, check)) {
    steps.push({ verb: 'cas', what: 'check', record: check, index: there?.index ?? 0 })
  }
  if (steps.length > 0) yield { kind: 'put', unit, adds: !found, steps }
}

function removeInstance(unit: Unit, actual: ActualNode, context: DiffContext): Iterable<Change> {
  const found = actual.services.get(unit.instance ?? '')
  if (!found || found.record.meta[ownerKey] !== context.owner) return []
  const cause = context.causeOf(unit, found.record)
  if (cause === undefined && !context.complete) return []
  return removeFound(unit, found, actual, cause, context)
}

function* removeFound(
  unit: Unit,
  { record, index }: Found<ServiceRecord>,
  { checks }: ActualNode,
  cause: Cause | undefined,
  context: DiffContext,
): Generator<Change> {
  // Deleting a service deletes its checks.
  const theirs = [...checks.values()].find((check) => check.record.serviceId === record.id && !isOurs(check, context))
  if (theirs) {
    const text = `service ${record.id} on node ${record.node} has the check ${theirs.record.id} of others`
    yield { kind: 'kept', unit, text }
    return
  }
  yield { kind: 'remove', unit, cause, steps: [{ verb: 'delete-cas', what: 'service', record, index }] }
}

/** Deleting a node deletes all that is on it, so all of it must be ours and about to go. */
function* removeNode(
  key: string,
  { record, index }: Found<NodeRecord>,
  { services, checks }: ActualNode,
  changes: readonly Change[],
  context: DiffContext,
): Generator<Change> {
  if (!context.complete) return
  const unit = { node: key, instance: undefined }
  const going = new Set(changes.flatMap((change) => (change.kind === 'remove' ? [change.unit.instance] : [])))
  const staying = [...services].find(([service]) => !going.has(service))
  const foreign = [...checks.values()].find((check) => !isOurs(check, context))
  if (staying ?? foreign) {
    const what = staying ? `service ${staying[1].record.id}` : `check ${foreign?.record.id}`
    yield { kind: 'kept', unit, text: `node ${record.name} still holds the ${what}` }
    return
  }
  yield { kind: 'remove', unit, cause: 'empty', steps: [{ verb: 'delete-cas', what: 'node', record, index }] }
}

function isOurs({ record }: Found<AnyCheckRecord>, { owner }: DiffContext): boolean {
  return record.notes === checkNotes(owner)
}
