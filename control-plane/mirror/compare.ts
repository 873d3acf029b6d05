import { setImmediate as turn } from 'node:timers/promises'
import type { Consistency, ConsulClient } from '../consul/client.ts'
import type { Actual } from './actual.ts'
import type { Writer } from './apply.ts'
import { type Change, diffNode, type Unit } from './diff.ts'
import { inLanes } from './lanes.ts'
import type { Ledger } from './ledger.ts'
import { keyOf, ownerKey } from './names.ts'
import { readLanes, readOthers, readOwned } from './read.ts'

export type CompareOptions = {
  readonly consul: ConsulClient
  readonly ledger: Ledger
  readonly owner: string
  readonly writer: Writer
  readonly signal: AbortSignal
}

export type Comparison = {
  /** What there is to write, to take away and to leave as it is, whether or not it may be done now. */
  readonly adds: number
  readonly changes: number
  readonly removals: number
  /** The first of them, for people. */
  readonly examples: readonly string[]
  /** The nodes on which they are. */
  readonly differing: readonly string[]
}

/** Nodes that are judged before others get their turn. */
const chunk = 100
const mostExamples = 5

/**
 * Compares the whole datacenter with what it should be. A first look may be stale; what it finds is looked at again before anything is
 * concluded from it: consistently, for a server that starts again shows its own past until it has read all its log, also as the leader.
 */
export async function compare(options: CompareOptions, first: 'stale' | 'consistent'): Promise<Comparison> {
  const { ledger, writer } = options
  if (first === 'stale') {
    using written = writer.witness()
    if (!(await differs(ledger, await readAll(options, 'stale'), written.nodes))) return nothing
  }
  using written = writer.witness()
  const read = await readAll(options, 'consistent')
  ledger.actual.adopt(read, written.nodes)
  ledger.overlook(written.nodes, performance.now())
  return await judgeAll(ledger)
}

async function readAll({ consul, ledger, owner, signal }: CompareOptions, consistency: Consistency): Promise<Actual> {
  const read = await readOwned(consul, owner, { consistency, signal })
  await readEndpoints(consul, ledger, owner, read, { consistency, signal })
  await keepContested(consul, ledger, owner, read, { consistency, signal })
  return read
}

const nothing: Comparison = { adds: 0, changes: 0, removals: 0, examples: [], differing: [] }

/** Whether what was read differs from what should be anywhere but where we have written meanwhile. */
async function differs(ledger: Ledger, read: Actual, written: ReadonlySet<string>): Promise<boolean> {
  let count = 0
  for (const node of new Set([...ledger.desired.nodes.keys(), ...read.nodes.keys()])) {
    if (written.has(node)) continue
    const changes = diffNode(node, ledger.desired.nodes.get(node), read.nodes.get(node), ledger.context)
    if (changes.some(({ kind }) => kind === 'put' || kind === 'remove')) return true
    count += 1
    if (count % chunk === 0) await turn()
  }
  return false
}

/**
 * What a datacenter shows otherwise than it should, read now; nothing is taken down, written or decided. What waits to be written, or was
 * written meanwhile, is left out: it is on its way.
 * @param writes whether what waits is being written; what waits for a thaw is not on its way
 */
export async function inspect(options: CompareOptions, writes: boolean): Promise<readonly Change[]> {
  const { ledger, writer } = options
  using written = writer.witness()
  const queued = () => (writes ? ledger.queue.keys(false) : [])
  const waiting = new Set(queued())
  const read = await readAll(options, 'consistent')
  for (const node of queued()) waiting.add(node)
  const found: Change[] = []
  let count = 0
  for (const node of new Set([...ledger.desired.nodes.keys(), ...read.nodes.keys()])) {
    if (written.nodes.has(node) || waiting.has(node)) continue
    const changes = diffNode(node, ledger.desired.nodes.get(node), read.nodes.get(node), ledger.context)
    // What is given way to, or kept because others need it, is as it should be.
    for (const change of changes) if (change.kind !== 'yielded' && change.kind !== 'kept') found.push(change)
    count += 1
    if (count % chunk === 0) await turn()
  }
  return found
}

/** Judges everything by what is known, without reading. */
export async function judgeAll(ledger: Ledger): Promise<Comparison> {
  const inferred: Unit[] = []
  const examples: string[] = []
  const counts = { adds: 0, changes: 0, removals: 0 }
  const differing: string[] = []
  let count = 0
  for (const node of new Set([...ledger.desired.nodes.keys(), ...ledger.actual.nodes.keys()])) {
    const changes = ledger.differences(node)
    ledger.notes.replace(node, undefined, changes)
    inferred.push(...ledger.inferred(changes))
    for (const change of changes) {
      if (change.kind !== 'put' && change.kind !== 'remove') continue
      const what = change.kind === 'remove' ? 'removals' : change.adds ? 'adds' : 'changes'
      counts[what] += 1
      if (examples.length < mostExamples) examples.push(`${verbs[what]} ${change.unit.instance ?? 'node'} on ${node}`)
      if (differing.at(-1) !== node) differing.push(node)
    }
    count += 1
    if (count % chunk === 0) await turn()
  }
  ledger.decideInferred(inferred, Date.now())
  return { ...counts, examples, differing }
}

const verbs = { adds: 'add', changes: 'change', removals: 'remove' } as const

/** Who else has registered what we show. */
async function readEndpoints(
  consul: ConsulClient,
  { others, desired }: Ledger,
  owner: string,
  read: Actual,
  reading: { readonly consistency: Consistency; readonly signal: AbortSignal },
): Promise<void> {
  if (!others) return
  const services = new Map<string, string>()
  for (const { instances } of desired.nodes.values()) {
    for (const { service } of instances.values()) services.set(keyOf(service.service), service.service)
  }
  for (const { services: there } of read.nodes.values()) {
    for (const { record } of there.values()) services.set(keyOf(record.service), record.service)
  }
  others.keepOnly(new Set(services.keys()))
  await inLanes(services.values(), readLanes, async (service) => {
    others.replace(service, await readOthers(consul, owner, service, reading))
  })
}

/** Nodes with a name of ours that others own are not among ours; they are looked at one by one. */
async function keepContested(
  consul: ConsulClient,
  { actual, desired }: Ledger,
  owner: string,
  read: Actual,
  reading: { readonly consistency: Consistency; readonly signal: AbortSignal },
): Promise<void> {
  for (const [key, { node }] of actual.nodes) {
    if (!node || node.record.meta[ownerKey] === owner || !desired.nodes.has(key)) continue
    const content = await consul.node(key, reading)
    if (content && content.node.meta[ownerKey] !== owner) read.replace(key, content)
  }
}
