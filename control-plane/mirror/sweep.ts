import { Failure } from '#shared/failure/failure.ts'
import type { KeyRow } from '../consul/answers.ts'
import type { ConsulClient } from '../consul/client.ts'
import { Actual } from './actual.ts'
import { batches, type NodeWrites } from './batches.ts'
import { type DiffContext, diffNode } from './diff.ts'
import { fenceKey, freshKey, ownerKey } from './names.ts'
import { operationOf } from './operations.ts'
import { withoutGuilty } from './outcome.ts'
import { readOwned } from './read.ts'

export type SweepOptions = {
  readonly consul: ConsulClient
  readonly owner: string
  /** False: only list. */
  readonly apply: boolean
  /** Whether nobody writes: asked before each transaction, since a mirror that runs would write everything again. */
  readonly frozen: () => boolean
  readonly signal?: AbortSignal
}

export type Swept = {
  /** What is (or was) there of that owner. */
  readonly records: readonly string[]
  /** What could not be removed, and why. */
  readonly left: readonly string[]
}

/** Deletions go in small steps, so that they can be stopped. */
const limits = { operations: 16, bytes: 64 * 1024 }
const nodesAtOnce = 8

/**
 * Lists all records of an owner in a datacenter, and removes exactly these if told to. Rejects with SWEEP_NOT_FROZEN as soon as it would
 * have to write while the installation is not frozen.
 */
export async function sweep({ consul, owner, apply, frozen, signal }: SweepOptions): Promise<Swept> {
  const actual = await readOwned(consul, owner, { consistency: 'consistent', signal })
  const keys = await Promise.all([fenceKey(owner), freshKey(owner)].map((key) => consul.readKey(key, { signal })))
  const found = keys.filter((key) => key !== undefined)
  const records = [...recordsOf(actual, owner), ...found.map(({ key }) => `key ${key}`)]
  const context: DiffContext = { owner, others: undefined, causeOf: () => 'policy', complete: true }
  if (!apply) return { records, left: removals(actual, context).left }

  const left: string[] = []
  const nodes = [...actual.nodes.keys()]
  for (let first = 0; first < nodes.length; first += nodesAtOnce) {
    // What others have hung on a node since must not be deleted with it.
    const now = new Actual()
    const some = nodes.slice(first, first + nodesAtOnce)
    await Promise.all(some.map(async (node) => now.replace(node, await consul.node(node, { signal }))))
    const { writes, left: stays } = removals(now, context)
    left.push(...stays)
    for (const batch of batches(writes, limits)) {
      mustBeFrozen(frozen, owner)
      left.push(...(await remove(consul, batch.nodes, signal)))
    }
  }
  mustBeFrozen(frozen, owner)
  return { records, left: [...left, ...(await removeKeys(consul, found, signal))] }
}

function recordsOf(actual: Actual, owner: string): readonly string[] {
  return [...actual.nodes.values()].flatMap(({ name, services }) => {
    const ours = [...services.values()].filter(({ record }) => record.meta[ownerKey] === owner)
    return [`node ${name}`, ...ours.map(({ record }) => `service ${record.id} on ${name}`)]
  })
}

function removals(actual: Actual, context: DiffContext) {
  const left: string[] = []
  const writes: NodeWrites[] = []
  for (const [node, content] of actual.nodes) {
    const changes = diffNode(node, undefined, content, context)
    for (const change of changes) if (change.kind === 'kept') left.push(change.text)
    writes.push({ node, writes: changes.filter((change) => change.kind === 'remove') })
  }
  return { writes, left }
}

async function remove(
  consul: ConsulClient,
  nodes: readonly NodeWrites[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (nodes.length === 0) return []
  const steps = nodes.flatMap(({ writes }) => writes.flatMap((write) => write.steps))
  const outcome = await consul.transact(steps.map(operationOf), signal)
  if (outcome.kind === 'done') return []
  if (outcome.kind === 'too-large') return [outcome.why]
  const { rest, again, refused } = withoutGuilty(nodes, outcome.errors, 0)
  const changed = again.flatMap(({ writes }) => writes)
  return [
    ...changed.map(({ unit }) => `${unit.instance ?? 'the node itself'} on ${unit.node}: it was changed meanwhile`),
    ...refused.map(({ write: { unit }, what }) => `${unit.instance ?? 'the node itself'} on ${unit.node}: ${what}`),
    ...(await remove(consul, rest, signal)),
  ]
}

async function removeKeys(
  consul: ConsulClient,
  keys: readonly KeyRow[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (keys.length === 0) return []
  const operations = keys.map(({ key: Key, index: Index }) => ({ KV: { Verb: 'delete-cas', Key, Index } }) as const)
  const outcome = await consul.transact(operations, signal)
  return outcome.kind === 'done' ? [] : keys.map(({ key }) => `key ${key}: it was changed meanwhile`)
}

function mustBeFrozen(frozen: () => boolean, owner: string): void {
  if (frozen()) return
  throw new Failure('SWEEP_NOT_FROZEN', `the records of ${owner} were not all swept: the installation is not frozen`)
}
