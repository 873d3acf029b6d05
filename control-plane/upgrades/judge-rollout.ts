import { type Candidate, nextNodes } from './next-nodes.ts'
import { moved, type NodeProgress, type Rollout, type RolloutCode, targetOf } from './state.ts'
import { isInside } from './window.ts'

/** What is known of a node of the scope now. */
export type NodeSeen = Candidate & {
  readonly version: string
  readonly connected: boolean
  /** Why it cannot be upgraded from afar; undefined: it can, or its agent has not said yet. */
  readonly unable: string | undefined
  /** Its agent has said what it can since this plane runs; after a start, or a change of the leader, that takes a moment. */
  readonly heard: boolean
  /** What its agent says of the version that is desired; undefined: nothing. */
  readonly failed: { readonly code: string; readonly why: string } | undefined
  /** The agent's own event-loop lag, where it is too much. */
  readonly slowMs: number | undefined
}

/** Instances of one node. */
export type InstancesSeen = {
  readonly routable: ReadonlySet<string>
  /** Those that somebody took out of service. */
  readonly takenOut: ReadonlySet<string>
}

export type Known = {
  /** By node. */
  readonly nodes: ReadonlyMap<string, NodeSeen>
  readonly instancesOf: (node: string) => InstancesSeen
  readonly frozen: boolean
  /** The sites that are held because much of them was lost at once. */
  readonly held: readonly string[]
}

/** The rollout after a look, and what it waits for; the same object where nothing has changed. */
export type Look = { readonly rollout: Rollout; readonly waitingFor: readonly string[] }

type Bad = { readonly code: RolloutCode; readonly why: string }

/** An agent that its plane does not hear for so long after it was asked is as one that restarts; dpkg and a slow disk take their time. */
const restartMs = 120_000

/** What becomes of a rollout by itself. Nodes that were asked are looked at also while it is paused: then it goes no further, and may halt. */
export function judgeRollout(rollout: Rollout, known: Known, now: number): Look {
  if (rollout.phase !== 'running' && rollout.phase !== 'paused') return { rollout, waitingFor: [] }
  const { nodes, bad } = judgeNodes(rollout, known, now)
  const seen = nodes === rollout.nodes ? rollout : { ...rollout, nodes, serial: rollout.serial + 1 }
  const reason = bad ?? tooMany(seen) ?? halting(known)
  if (reason) return { rollout: moved(seen, { at: now, by: 'rollout', phase: 'halted', ...reason }), waitingFor: [] }
  if (seen.phase === 'paused') return { rollout: seen, waitingFor: ['it is paused'] }
  return advance(seen, known, now)
}

/** Every node that was asked and is not proven yet. */
function judgeNodes(rollout: Rollout, known: Known, now: number) {
  const changed: Record<string, NodeProgress> = {}
  let bad: Bad | undefined
  for (const [node, progress] of Object.entries(rollout.nodes)) {
    if (progress.state === 'proven' || progress.state === 'failed') continue
    const { next, halts } = judgeNode(rollout, node, progress, known, now)
    if (next !== progress) changed[node] = next
    bad ??= halts
  }
  return { nodes: Object.keys(changed).length === 0 ? rollout.nodes : { ...rollout.nodes, ...changed }, bad }
}

type NodeLook = { readonly next: NodeProgress; readonly halts?: Bad }

function judgeNode(
  { version, soakMs, limitMs }: Rollout,
  node: string,
  progress: NodeProgress,
  { nodes, instancesOf }: Known,
  now: number,
): NodeLook {
  const seen = nodes.get(node)
  const failed = (why: string): NodeProgress => ({
    ...lasting(progress),
    state: 'failed',
    since: now,
    routable: [],
    why,
  })
  if (!seen?.connected) {
    const lostSince = progress.lostSince ?? now
    const patience = Math.min(limitMs, restartMs)
    const why = `${node} is out of contact for ${seconds(now - lostSince)}`
    if (now - lostSince >= patience) return { next: failed(why), halts: { code: 'contact_lost', why } }
    return { next: progress.lostSince === undefined ? { ...progress, lostSince } : progress }
  }
  const { routable, takenOut } = instancesOf(node)
  const left = progress.routable.filter((id) => !routable.has(id) && !takenOut.has(id))
  if (left.length > 0) {
    const why = `${left.slice(0, 3).join(', ')} on ${node} left routing after it was asked`
    return { next: failed(why), halts: { code: 'instance_left', why } }
  }
  const upgraded = seen.version === version
  if (!upgraded && seen.failed) return { next: failed(`${seen.failed.code}: ${seen.failed.why}`) }
  if (now - progress.at >= limitMs + (upgraded ? soakMs : 0)) {
    const what = upgraded ? `was not well for ${seconds(soakMs)}` : `has ${seen.version} still`
    return { next: failed(`${node} ${what} ${seconds(now - progress.at)} after it was asked`) }
  }
  const isWell = upgraded && seen.slowMs === undefined
  if (!isWell)
    return {
      next:
        progress.state === 'asked' && progress.lostSince === undefined
          ? progress
          : { ...lasting(progress), state: 'asked', since: now },
    }
  if (progress.state === 'asked') return { next: { ...lasting(progress), state: 'well', since: now } }
  if (now - progress.since < soakMs)
    return { next: progress.lostSince === undefined ? progress : { ...lasting(progress), since: now } }
  return { next: { ...lasting(progress), state: 'proven', since: now, routable: [] } }
}

/** In contact again. */
function lasting({ lostSince: _, ...progress }: NodeProgress): NodeProgress {
  return progress
}

function tooMany({ nodes, mostFailedPercent }: Rollout): Bad | undefined {
  const all = Object.entries(nodes)
  const failed = all.filter(([, { state }]) => state === 'failed')
  const share = all.length === 0 ? 0 : (failed.length * 100) / all.length
  if (share <= mostFailedPercent) return undefined
  const [node, last] = failed.at(-1) ?? []
  const why = `${failed.length} of ${all.length} failed, ${node} last: ${last?.why ?? ''}`
  return { code: failed.length === 1 ? 'agent_failed' : 'too_many_failed', why }
}

function halting({ frozen, held }: Known): Bad | undefined {
  if (frozen) return { code: 'frozen', why: 'everything is frozen' }
  if (held.length === 0) return undefined
  return { code: 'held', why: `much of ${held.join(', ')} was lost at once` }
}

function advance(rollout: Rollout, known: Known, now: number): Look {
  const { nodes } = known
  const { stages, stage, atOnce, window, pauseMs, version } = rollout
  const progress = new Map(Object.entries(rollout.nodes))
  const open = [...nodes.values()].filter(({ unable, node }) => unable === undefined || progress.has(node))
  // Who has it already needs nothing, and counts.
  const has = open.filter((each) => each.version === version && !progress.has(each.node))
  const target = targetOf(stages[stage], open.length)
  const under = open.filter(({ node }) => isUnderWay(progress.get(node)))
  const taken = progress.size + has.length
  const without = open.filter((each) => !progress.has(each.node) && each.version !== version)
  const waiting = without.filter(({ heard }) => heard)

  if (taken < target && waiting.length > 0) {
    if (!isInside(window, now)) return { rollout, waitingFor: [`its window ${window} (UTC)`] }
    const most = Math.min(target - taken, atOnce - under.length)
    const chosen = most > 0 ? nextNodes({ ...choiceOf(nodes, progress, waiting, under), most }) : []
    if (chosen.length > 0)
      return { rollout: asked(rollout, chosen, known, now), waitingFor: waits(under.length + chosen.length) }
    if (under.length > 0) return { rollout, waitingFor: waits(under.length) }
    return { rollout, waitingFor: ['nodes that may be asked'] }
  }
  if (under.length > 0) return { rollout, waitingFor: waits(under.length) }
  // Who has said nothing yet is not left out: a stage would be proven without it.
  if (taken < target && without.length > 0)
    return { rollout, waitingFor: [`${without.length} whose agents have not said yet what they can`] }
  if (stage + 1 >= stages.length) {
    const why = `${progress.size} were asked, all that could be are proven`
    return same(moved(rollout, { at: now, by: 'rollout', phase: 'done', code: 'all_proven', why }))
  }
  const { provenAt } = rollout
  if (provenAt === undefined)
    return { rollout: { ...rollout, provenAt: now, serial: rollout.serial + 1 }, waitingFor: pauses(pauseMs) }
  const left = pauseMs - (now - provenAt)
  if (left > 0) return { rollout, waitingFor: pauses(left) }
  const why = `stage ${stages[stage]} was proven`
  return same(moved(rollout, { at: now, by: 'rollout', phase: 'running', code: 'stage_proven', why, stage: stage + 1 }))
}

function choiceOf(
  nodes: Known['nodes'],
  progress: ReadonlyMap<string, NodeProgress>,
  waiting: readonly NodeSeen[],
  underWay: readonly NodeSeen[],
) {
  const askedOfSite = new Map<string, number>()
  for (const node of progress.keys()) count(askedOfSite, nodes.get(node)?.site ?? '')
  const serving = new Map<string, number>()
  for (const { gateways, connected } of nodes.values()) if (connected) for (const each of gateways) count(serving, each)
  return { waiting, underWay, askedOfSite, serving }
}

function asked(rollout: Rollout, chosen: readonly Candidate[], { nodes, instancesOf }: Known, now: number): Rollout {
  const more = chosen.map(({ node }): [string, NodeProgress] => {
    const from = nodes.get(node)?.version ?? ''
    return [node, { state: 'asked', at: now, since: now, from, routable: [...instancesOf(node).routable] }]
  })
  return { ...rollout, nodes: { ...rollout.nodes, ...Object.fromEntries(more) }, serial: rollout.serial + 1 }
}

function isUnderWay(progress: NodeProgress | undefined): boolean {
  return progress?.state === 'asked' || progress?.state === 'well'
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function waits(nodes: number): readonly string[] {
  return [`${nodes} ${nodes === 1 ? 'node' : 'nodes'} under way`]
}

function pauses(ms: number): readonly string[] {
  return [`the pause between stages, ${seconds(ms)} more`]
}

function same(rollout: Rollout): Look {
  return { rollout, waitingFor: [] }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`
}
