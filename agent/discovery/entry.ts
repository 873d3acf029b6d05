import type { Place } from '#shared/host/listeners.ts'
import type { Process } from '#shared/host/process.ts'
import { planeName } from '#shared/probe/name.ts'
import type { Decision } from '#shared/protocol/discovery.ts'
import { type Adopted, type Book, isIgnored } from './book.ts'
import type { Seen } from './look.ts'
import { type Action, actionOf, type Rule, usualAction } from './policy.ts'
import type { Recognised } from './recognise.ts'
import type { Claimed } from './rivals.ts'

/** A place that was looked at, with all that is known of it. */
export type Subject = {
  readonly id: string
  readonly place: Place
  readonly process: Process | undefined
  readonly seen: Seen
  readonly recognised: Recognised
}

/** What of the agent bears on what becomes of a place. */
export type Circumstances = {
  readonly rules: readonly Rule[]
  /** Where no rule fits; undefined: as is usual. */
  readonly fallback: Action | undefined
  /** Somebody told this agent what to look after: then it adds nothing by itself. */
  readonly declared: boolean
  /** Others reach this node only from this host. */
  readonly nodeIsLocal: boolean
  /** The node's cluster, where it is configured. */
  readonly cluster: string | undefined
  /** Another agent that looks after this place. */
  readonly claimed: Claimed | undefined
  /** Another agent of this host may be about to adopt it. */
  readonly waits: boolean
  /** So many are adopted that no more should be. */
  readonly full: boolean
}

/** What becomes of a place. */
export type Standing = {
  readonly state: 'adopted' | 'asking' | 'ignored'
  readonly by: string
  readonly remarks: readonly string[]
  /** To be adopted now. */
  readonly adopt?: Adopted
}

/** Who it is, as far as that can be told: what is ignored is this one, and not whoever comes after it. */
export function whoIs({ recognised, process }: Pick<Subject, 'recognised' | 'process'>): string {
  return recognised.service ?? process?.name ?? ''
}

/** What becomes of a place that is looked at and not adopted yet: an operator's word first, then the rules, then what is usual. */
export function standingOf(subject: Subject, book: Book, around: Circumstances): Standing {
  const { id, place, process, recognised, seen } = subject
  const who = whoIs(subject)
  const remarks = unseenRemarks(place, process)
  if (seen.told === planeName) {
    const remark = 'a control plane of Heddle listens there: it is no service'
    return { state: 'ignored', by: 'heddle', remarks: [remark, ...remarks] }
  }
  if (isIgnored(book, id, who)) return { state: 'ignored', by: book.ignored[id]?.by ?? '', remarks }
  if (around.claimed) {
    const { rival, claim } = around.claimed
    const remark = `the agent of node ${rival.node} looks after it, as ${claim.service}`
    return { state: 'ignored', by: `agent:${rival.node}`, remarks: [remark, ...remarks] }
  }
  const known = { place, process, recognised, health: seen.verdict.health }
  const usual = usualAction(known)
  const ruled = actionOf(known, around.rules) ?? around.fallback
  const action = ruled ?? (usual === 'adopt' && around.declared ? 'ask' : usual)
  if (action === 'ignore') return { state: 'ignored', by: 'policy', remarks }
  const asking = (...why: readonly string[]): Standing => ({
    state: 'asking',
    by: 'policy',
    remarks: [...why, ...remarks],
  })
  if (action === 'ask') {
    const why = usual === 'adopt' && ruled === undefined ? ['services are declared here, so none is added unasked'] : []
    return asking(...why)
  }
  const hindrance = hindranceOf(subject, around)
  if (hindrance !== undefined) return asking(hindrance)
  return { state: 'adopted', by: 'policy', remarks, adopt: adoptionOf(subject, around, { do: 'adopt', by: 'policy' }) }
}

function hindranceOf({ place, recognised }: Subject, { nodeIsLocal, waits, full }: Circumstances): string | undefined {
  if (recognised.service === undefined) return 'its name is not known; give one when you adopt it'
  if (place.loopback && !nodeIsLocal) return 'only this host reaches it: it listens on loopback alone'
  if (waits) return 'another agent of this host may adopt it'
  if (full) return 'too many are looked after already'
  return undefined
}

/**
 * What a place is when it is adopted. What an operator says of it counts more than what was found out; who has no name is called by
 * its port.
 */
export function adoptionOf(
  { id, place, process, seen, recognised }: Subject,
  { cluster: ofNode }: Pick<Circumstances, 'cluster'>,
  { service, type = recognised.type, cluster, by }: Decision,
): Adopted {
  const at = place.loopback ? undefined : place.address
  // A node that has a cluster gives it to all that it has, unless somebody says otherwise.
  const inCluster = cluster ?? (ofNode === undefined ? recognised.cluster : undefined)
  return {
    found: id,
    name: service ?? recognised.service ?? `port-${place.port}`,
    port: place.port,
    ...(type === undefined ? {} : { type }),
    ...(inCluster === undefined ? {} : { cluster: inCluster }),
    ...(at === undefined ? {} : { address: at }),
    tags: [...recognised.tags],
    check: seen.check,
    by,
    who: whoIs({ recognised, process }),
    confidence: recognised.confidence,
    evidence: recognised.evidence.slice(0, 16).map((line) => line.slice(0, 300).toWellFormed()),
  }
}

function unseenRemarks(place: Place, process: Process | undefined): readonly string[] {
  if (process !== undefined) return []
  if (place.inodes.length === 0)
    return ['no socket of this host listens there: it is forwarded, or sockets cannot be seen']
  const whose = place.user === undefined ? 'another user' : `user ${place.user}`
  return [
    `its process cannot be seen: it is of ${whose}; run the agent as root, or give it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH`,
  ]
}

const mostLooks = 5

/**
 * How long after its last look a place is looked at again, in milliseconds; undefined: not before it changes. What said who it is
 * has said enough; what could not be recognised may still be starting, and is asked a few times more, ever later.
 */
export function nextLookMs(confidence: Recognised['confidence'], looks: number, everyMs: number): number | undefined {
  if (confidence === 'certain' || confidence === 'likely' || looks >= mostLooks) return undefined
  return everyMs * 2 ** (looks - 1)
}
