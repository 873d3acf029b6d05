import { repeat } from '#shared/lifecycle/repeat.ts'
import { sparing } from '#shared/lifecycle/sparing.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import { beatEveryMs } from '#shared/protocol/messages.ts'
import type { Hold, InstanceBelief, NodeBelief } from '../../../fleet/belief.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import { nodeIsDead } from '../../../fleet/routable.ts'
import type { AgentsConfig } from '../../config.ts'
import { Proposer } from '../../propose.ts'
import type { AgentSessions } from '../serve-agents.ts'
import { type ContactLimits, contactNow } from './contact.ts'
import { type Arrivals, type Crowd, crowdNow, excuses } from './crowd.ts'
import { awayAlone, type HoldLimits, holdEnds, isInDoubt, lossesToHold, type Spent } from './hold.ts'
import { hasLeft, type Machines, type Watched } from './machine.ts'
import { KeptMachines } from './machines.ts'
import { type Surroundings, surroundingsOf, unsettledIn } from './surroundings.ts'

const lookEveryMs = 250
/** Where ten thousand nodes are in trouble. Less than what counts as a pause of ours. */
const lookAtLeastEveryMs = 1_000
/** A beat may come so much late without meaning anything. */
const leewayMs = 500
/** A look that comes so much late was ours to miss. */
const pauseMs = 1_000
/** Nodes that are looked at, and changes that are proposed, before a look may be interrupted. */
const nodesInPiece = 64
const changesInPiece = 16
/** Machines that a line of the log names. */
const mostNamed = 20
/** Of thousands of shops that were held together so many holds end in one look; each end costs as much as there are holds. */
const mostEnds = 100
/** So many nodes fall in one look. */
const mostFalls = 1_000

export type WatchContactOptions = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly sessions: Pick<AgentSessions, 'sign' | 'forgive' | 'askAgain'>
  /** Who comes to this plane; left out: never a herd. */
  readonly arrivals?: () => Omit<Arrivals, 'away'>
  /** Whether this plane judges what concerns whole sites; the contact of its own nodes it judges in any case. Left out: yes. */
  readonly leads?: () => boolean
  readonly settings: AgentsConfig
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
  /** Milliseconds between beats, where it is not that of the protocol. */
  readonly beatMs?: number
  /** A monotonic clock in milliseconds, where it is not that of the process. */
  readonly now?: () => number
}

/** Who is in contact, as the last look found it. */
export interface ContactWatch extends AsyncDisposable {
  readonly machines: Machines
  /** The nodes of which the last look did not find that all is well. */
  readonly unwell: ReadonlySet<string>
  /** Whether machines of this site may have been cut off together and only not all be missed yet. */
  inDoubt(site: string): boolean
  /** What stands around a machine at its site. */
  surroundings(machine: string, site: string): Surroundings
  /** What happened since the plane's start. */
  figures(): ContactFigures
}

export type ContactFigures = {
  /** Holds, by what ended them; `begun` are all. */
  readonly holds: Readonly<Record<'begun' | 'time' | 'contact', number>>
  /** Nodes that fell to the lowest priority. */
  readonly demoted: number
}

/** Judges contact and holds again and again until disposed of. */
export function watchContact(options: WatchContactOptions): ContactWatch {
  const stop = new AbortController()
  const watch = new ContactJudge(options)
  const onFailure = warn(options.log, 'contact could not be judged')
  const [look, pace] = sparing(() => watch.looks(), {
    everyMs: lookEveryMs,
    mostMs: lookAtLeastEveryMs,
    afterFailureMs: () => 1_000,
  })
  const loop = repeat(look, pace, onFailure, stop.signal)
  return {
    get machines() {
      return watch.machines
    },
    get unwell() {
      return watch.unwell
    },
    inDoubt: (site) => watch.inDoubt(site),
    surroundings: (machine, site) => watch.surroundings(machine, site),
    figures: () => watch.figures(),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await loop
      await watch.idle()
    },
  }
}

/** Judges contact and holds by one look after the other. */
export class ContactJudge {
  readonly #kept: KeptMachines
  readonly #options: WatchContactOptions
  readonly #proposer: Proposer
  readonly #contactLimits: ContactLimits
  readonly #crowdedLimits: ContactLimits
  readonly #holdLimits: HoldLimits
  readonly #doubts = new Map<string, boolean>()
  readonly #unsettled = new Map<string, number>()
  #mayFall: ReadonlyMap<string, readonly NodeBelief[]> | undefined
  #fallsLeft = mostFalls
  readonly #holds = { begun: 0, time: 0, contact: 0 }
  #spent: Spent = new Map()
  #demoted = 0
  #crowd: Crowd | undefined
  /** Nodes that had no session at the last look that came to its end. */
  #away = 0
  readonly #now: () => number
  /** When it looked at something last. */
  #lookedAt: number

  constructor(options: WatchContactOptions) {
    this.#options = options
    const { settings, record, by, log, beatMs = beatEveryMs, now = () => performance.now() } = options
    this.#now = now
    this.#lookedAt = now()
    this.#proposer = new Proposer(record, by, log)
    this.#kept = new KeptMachines(beatMs + leewayMs)
    this.#contactLimits = {
      suspectAfterMs: settings.suspect_after,
      silentAfterMs: settings.missed_beats * beatMs + leewayMs,
      graceMs: settings.grace,
    }
    this.#crowdedLimits = { ...this.#contactLimits, suspectAfterMs: settings.grace }
    this.#holdLimits = { windowMs: settings.hold.window, share: settings.hold.share }
  }

  /** Looks at everything in one piece. */
  look(): void {
    for (const _ of this.looks());
  }

  /** One look at everything; yields where it may be interrupted. What it found shows all at once. */
  *looks(): Generator<void, void> {
    const { fleet } = this.#options
    const now = this.#awake(lookEveryMs)
    const arrived = this.#options.arrivals?.()
    if (arrived) this.#crowd = crowdNow(this.#crowd, { ...arrived, away: this.#away }, now)
    if (!fleet.complete) return
    const changed: string[] = []
    for (const _ of this.#kept.look(this.#watched(now, changed), now)) {
      yield
      this.#awake(0)
    }
    this.#doubts.clear()
    this.#unsettled.clear()
    this.#mayFall = undefined
    this.#fallsLeft = mostFalls
    // Before what changed of nodes, which may be many: only this protects somebody.
    this.#judgeHolds(now)
    for (const [index, node] of changed.entries()) {
      if (index % changesInPiece === changesInPiece - 1) {
        yield
        this.#awake(0)
      }
      this.#changeContact(node, now)
    }
    this.#lookedAt = this.#now()
  }

  /**
   * Forgives everybody what was missed here.
   * @param restMs for how long nothing was to be looked at
   * @returns the time
   */
  #awake(restMs: number): number {
    const now = this.#now()
    const pausedMs = now - this.#lookedAt - restMs
    this.#lookedAt = now
    if (pausedMs > pauseMs) this.#options.sessions.forgive(pausedMs)
    return now
  }

  /** Who may still be waiting to be let in is not suspect for it. */
  #limits(now: number): ContactLimits {
    return excuses(this.#crowd, now) ? this.#crowdedLimits : this.#contactLimits
  }

  #judgeHolds(now: number): void {
    if (this.#options.leads?.() === false) return
    this.#hold(now)
    const { holds } = this.#options.fleet.installation
    const alone = awayAlone(this.#kept.sites, holds, now, this.#holdLimits)
    const over = [...holds.values()].flatMap((hold) => {
      const why = this.#whyOver(hold, alone)
      return why ? [{ hold, why }] : []
    })
    for (const { hold, why } of over.slice(0, mostEnds)) this.#endHold(hold, why)
  }

  get machines(): Machines {
    return this.#kept.all
  }

  get unwell(): ReadonlySet<string> {
    return this.#kept.unwell
  }

  /**
   * All nodes with an agent but those that are well and were so before; those whose contact is another one than is believed are added to
   * `changed`. Undefined in between: it may be interrupted there.
   */
  *#watched(now: number, changed: string[]): Generator<Watched | undefined, void> {
    const { fleet, sessions } = this.#options
    let [count, away] = [0, 0]
    for (const node of fleet.nodes.values()) {
      count += 1
      if (count % nodesInPiece === 0) yield undefined
      if (node.contact === 'none' || node.spec.machine === '') continue
      const sign = sessions.sign(node.spec.id)
      if (sign.kind !== 'live') away += 1
      if (this.#kept.isStillWell(node, sign, now)) continue
      const contact = contactNow(sign, node.contact, now, this.#limits(now))
      const dead = node.contact !== 'connected' && nodeIsDead(node, this.#instancesOf(node))
      if (contact !== node.contact) changed.push(node.spec.id)
      yield { node, sign, contact, dead }
    }
    this.#away = away
  }

  inDoubt(site: string): boolean {
    return this.#doubts.getOrInsertComputed(site, () =>
      isInDoubt(site, this.#kept.sites, this.#now(), this.#holdLimits),
    )
  }

  surroundings(machine: string, site: string): Surroundings {
    const now = this.#now()
    const known = this.#kept.sites.get(site)
    const forgottenMs = this.#options.settings.hold.at_most
    const unsettled = this.#unsettled.getOrInsertComputed(site, () =>
      known ? unsettledIn(known, now, forgottenMs) : 0,
    )
    return surroundingsOf(machine, known, unsettled, now, forgottenMs)
  }

  figures(): ContactFigures {
    return { holds: { ...this.#holds }, demoted: this.#demoted }
  }

  idle(): Promise<void> {
    return this.#proposer.idle()
  }

  /** By what is so now: the look may have been interrupted since. */
  #changeContact(id: string, now: number): void {
    const { fleet, sessions, log } = this.#options
    const node = fleet.nodes.get(id)
    if (!node) return
    const sign = sessions.sign(id)
    const contact = contactNow(sign, node.contact, now, this.#limits(now))
    if (contact === node.contact) return
    const { name } = node.spec
    // A new session that is not on disk yet will say so itself.
    if (!node.attachment || (sign.kind === 'live' && sign.session !== node.attachment.session)) return
    if (contact === 'connected' && this.#hasDead(node)) {
      // Its beats say that nothing has changed since, which cannot be: it has to say everything anew.
      sessions.askAgain(id, 'instances of this node were confirmed dead meanwhile')
      return
    }
    const goodbye = contact !== 'connected' && hasLeft(node, sign)
    const { session } = node.attachment
    const change = { kind: 'contact-changed', node: id, contact, session, ...(goodbye ? { goodbye } : {}) } as const
    this.#proposer.propose(`node ${id}`, { change, seen: node.revision }, (outcome) => {
      if (outcome === 'changed') log.info({ node: id, name, contact, goodbye }, 'contact changed')
    })
  }

  #hold(now: number): void {
    const { fleet, settings, log } = this.#options
    const { holds } = fleet.installation
    const epochNow = Date.now()
    const losses = lossesToHold(this.#kept.sites, holds, now, this.#holdLimits, this.#spent, epochNow)
    for (const { site, machines, of, until = epochNow + settings.hold.at_most } of losses) {
      const isNew = !holds.has(site)
      const change = { kind: 'hold-begun', site, machines, of, until } as const
      // Of many that begin at once none may be overtaken by the others: a hold that begins, or that a machine joins, is right beside any other.
      this.#proposer.propose(`hold ${site}`, { change }, (outcome) => {
        if (outcome !== 'changed') return
        if (isNew) this.#holds.begun += 1
        const what = isNew
          ? 'machines were lost together: routing of their site is held'
          : 'a site that is held lost more machines'
        log.warn({ code: 'SITE_HELD', site, lost: machines.length, of, machines: machines.slice(0, mostNamed) }, what)
      })
    }
  }

  /** Why a hold is to end now, if it is; nodes that fall before do so. */
  #whyOver(hold: Hold, alone: number): 'time' | 'contact' | undefined {
    const { log } = this.#options
    const why = holdEnds(hold, this.machines, Date.now(), alone)
    if (!why) return undefined
    const left = why === 'time' ? this.#unconfirmed(hold) : []
    const fallen = left.filter(({ contact }) => contact === 'lost')
    const now = fallen.slice(0, this.#fallsLeft)
    this.#fallsLeft -= now.length
    for (const node of now) {
      const { id, name } = node.spec
      const change = { kind: 'node-demoted', node: id } as const
      this.#proposer.propose(`node ${id}`, { change, seen: node.revision }, (outcome) => {
        if (outcome !== 'changed') return
        this.#demoted += 1
        log.warn({ code: 'NODES_UNCONFIRMED', node: id, name, site: hold.site }, 'a node fell to the lowest priority')
      })
    }
    // Only what is lost can fall, and the grace of some is not over yet; who was missed after the time was up is none of them. First they
    // fall, then the hold ends: in between nothing would protect them.
    if (fallen.length > 0 || left.some(({ contactSince }) => contactSince <= hold.until)) return undefined
    return why
  }

  #endHold(hold: Hold, why: 'time' | 'contact'): void {
    const { log } = this.#options
    const { site, since, machines } = hold
    const change = { kind: 'hold-ended', site, why, judged: { since, machines: machines.length } } as const
    // Other holds may end or begin at the same moment: this one is still the one that was judged.
    this.#proposer.propose(`hold ${site}`, { change }, (outcome) => {
      if (outcome !== 'changed') return
      this.#holds[why] += 1
      if (why === 'time') this.#spend(hold)
      log.warn({ code: 'SITE_HELD', site, why }, 'routing of a site is no longer held')
    })
  }

  /** What is still away was held for as long as may be: only another loss is held again. */
  #spend({ machines }: Hold): void {
    const away = [...this.#spent.keys(), ...machines].flatMap((id) => this.machines.get(id) ?? [])
    this.#spent = new Map(away.flatMap(({ id, lostAt }) => (lostAt === undefined ? [] : [[id, lostAt]])))
  }

  /** Nodes of the hold of which nobody can say whether they live, and which have not fallen yet. */
  #unconfirmed(hold: Hold): readonly NodeBelief[] {
    // Thousands of holds may end at once: they look at all nodes together.
    this.#mayFall ??= Map.groupBy(
      [...this.#options.fleet.nodes.values()].filter(
        ({ contact, demoted }) => (contact === 'suspect' || contact === 'lost') && !demoted,
      ),
      ({ spec }) => spec.machine,
    )
    const mayFall = this.#mayFall
    if (mayFall.size === 0) return []
    return hold.machines
      .flatMap((machine) => mayFall.get(machine) ?? [])
      .filter((node) => this.#instancesOf(node).some(({ death }) => death === undefined))
  }

  #hasDead(node: NodeBelief): boolean {
    return this.#instancesOf(node).some(({ death }) => death !== undefined)
  }

  #instancesOf({ spec }: NodeBelief): readonly InstanceBelief[] {
    const { fleet } = this.#options
    return [...fleet.instancesOfNode(spec.id)].flatMap((id) => fleet.instances.get(id) ?? [])
  }
}
