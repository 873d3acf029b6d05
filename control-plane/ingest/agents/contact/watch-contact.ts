import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import { beatEveryMs } from '#shared/protocol/messages.ts'
import type { Hold, NodeBelief } from '../../../fleet/belief.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import type { AgentsConfig } from '../../config.ts'
import { Proposer } from '../../propose.ts'
import type { AgentSessions } from '../serve-agents.ts'
import { type ContactLimits, contactNow } from './contact.ts'
import { type HoldLimits, holdEnds, isInDoubt, lossesToHold } from './hold.ts'
import type { Machines, Watched } from './machine.ts'
import { KeptMachines } from './machines.ts'

const lookEveryMs = 250
/** A beat may come so much late without meaning anything. */
const leewayMs = 500
/** A look that comes so much late was ours to miss. */
const pauseMs = 1_000
/** Machines that a line of the log names. */
const mostNamed = 20

export type WatchContactOptions = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly sessions: AgentSessions
  readonly settings: AgentsConfig
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
  /** Milliseconds between beats, where it is not that of the protocol. */
  readonly beatMs?: number
}

/** Who is in contact, as the last look found it. */
export interface ContactWatch extends AsyncDisposable {
  readonly machines: Machines
  /** Whether machines of this site may have been cut off together and only not all be missed yet. */
  inDoubt(site: string): boolean
}

/** Judges contact and holds again and again until disposed of. */
export function watchContact(options: WatchContactOptions): ContactWatch {
  const stop = new AbortController()
  const watch = new Watch(options)
  const onFailure = warn(options.log, 'contact could not be judged')
  const loop = repeat(
    async () => watch.look(),
    { everyMs: lookEveryMs, afterFailureMs: () => 1_000 },
    onFailure,
    stop.signal,
  )
  return {
    get machines() {
      return watch.machines
    },
    inDoubt: (site) => watch.inDoubt(site),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await loop
      await watch.idle()
    },
  }
}

class Watch {
  readonly #kept: KeptMachines
  readonly #options: WatchContactOptions
  readonly #proposer: Proposer
  readonly #contactLimits: ContactLimits
  readonly #holdLimits: HoldLimits
  readonly #doubts = new Map<string, boolean>()
  #lookedAt = performance.now()

  constructor(options: WatchContactOptions) {
    this.#options = options
    const { settings, record, by, log, beatMs = beatEveryMs } = options
    this.#proposer = new Proposer(record, by, log)
    this.#kept = new KeptMachines(beatMs + leewayMs)
    this.#contactLimits = {
      suspectAfterMs: settings.suspect_after,
      silentAfterMs: settings.missed_beats * beatMs + leewayMs,
      graceMs: settings.grace,
    }
    this.#holdLimits = { windowMs: settings.hold.window, share: settings.hold.share }
  }

  look(): void {
    const { fleet, sessions } = this.#options
    const now = performance.now()
    const pausedMs = now - this.#lookedAt - lookEveryMs
    this.#lookedAt = now
    if (pausedMs > pauseMs) sessions.forgive(pausedMs)
    if (!fleet.complete) return
    const changed: Watched[] = []
    this.#kept.look(this.#watched(now, changed), now)
    this.#doubts.clear()
    for (const each of changed) this.#changeContact(each)
    this.#hold(now)
    for (const hold of fleet.installation.holds.values()) this.#endHold(hold)
  }

  get machines(): Machines {
    return this.#kept.all
  }

  /** All nodes with an agent; those whose contact is another one than is believed are added to `changed`. */
  *#watched(now: number, changed: Watched[]): Generator<Watched, void> {
    const { fleet, sessions } = this.#options
    for (const node of fleet.nodes.values()) {
      if (node.contact === 'none' || node.spec.machine === '') continue
      const sign = sessions.sign(node.spec.id)
      const contact = contactNow(sign, node.contact, now, this.#contactLimits)
      const watched = { node, sign, contact }
      if (contact !== node.contact) changed.push(watched)
      yield watched
    }
  }

  inDoubt(site: string): boolean {
    return this.#doubts.getOrInsertComputed(site, () =>
      isInDoubt(site, this.machines, performance.now(), this.#holdLimits),
    )
  }

  idle(): Promise<void> {
    return this.#proposer.idle()
  }

  #changeContact({ node, sign, contact }: Watched): void {
    const { sessions, log } = this.#options
    const { id, name } = node.spec
    // A new session that is not on disk yet will say so itself.
    if (!node.attachment || (sign.kind === 'live' && sign.session !== node.attachment.session)) return
    if (contact === 'connected' && this.#hasDead(node)) {
      // Its beats say that nothing has changed since, which cannot be: it has to say everything anew.
      sessions.askAgain(id, 'instances of this node were confirmed dead meanwhile')
      return
    }
    const goodbye = sign.kind === 'gone' && sign.goodbye
    const { session } = node.attachment
    const change = { kind: 'contact-changed', node: id, contact, session, ...(goodbye ? { goodbye } : {}) } as const
    this.#proposer.propose(`node ${id}`, { change, seen: node.revision }, (outcome) => {
      if (outcome === 'changed') log.info({ node: id, name, contact, goodbye }, 'contact changed')
    })
  }

  #hold(now: number): void {
    const { fleet, settings, log } = this.#options
    const { holds, revision: seen } = fleet.installation
    for (const { site, machines } of lossesToHold(this.machines, holds, now, this.#holdLimits)) {
      const change = { kind: 'hold-begun', site, machines, until: Date.now() + settings.hold.at_most } as const
      this.#proposer.propose(`hold ${site}`, { change, seen }, (outcome) => {
        if (outcome === 'changed')
          log.warn(
            { site, lost: machines.length, machines: machines.slice(0, mostNamed) },
            'machines were lost together: routing of their site is held',
          )
      })
    }
  }

  #endHold(hold: Hold): void {
    const { fleet, log } = this.#options
    const { site } = hold
    const why = holdEnds(hold, this.machines, Date.now())
    if (!why) return
    const left = why === 'time' ? this.#unconfirmed(hold) : []
    // Only what is lost can fall; the grace of these is not over yet.
    if (left.some(({ contact }) => contact === 'suspect')) return
    for (const node of left) {
      const change = { kind: 'node-demoted', node: node.spec.id } as const
      this.#proposer.propose(`node ${node.spec.id}`, { change, seen: node.revision })
    }
    // First they fall, then the hold ends: in between nothing would protect them.
    if (left.length > 0) return
    const change = { kind: 'hold-ended', site } as const
    this.#proposer.propose(`hold ${site}`, { change, seen: fleet.installation.revision }, (outcome) => {
      if (outcome === 'changed') log.warn({ site, why }, 'routing of a site is no longer held')
    })
  }

  /** Nodes of the hold of which nobody can say whether they live, and which have not fallen yet. */
  #unconfirmed(hold: Hold): readonly NodeBelief[] {
    const { fleet } = this.#options
    const held = new Set(hold.machines)
    return [...fleet.nodes.values()].filter((node) => {
      const away = node.contact === 'suspect' || node.contact === 'lost'
      if (!away || node.demoted || !held.has(node.spec.machine)) return false
      return [...fleet.instancesOfNode(node.spec.id)].some((id) => fleet.instances.get(id)?.death === undefined)
    })
  }

  #hasDead(node: NodeBelief): boolean {
    const { fleet } = this.#options
    return [...fleet.instancesOfNode(node.spec.id)].some((id) => fleet.instances.get(id)?.death !== undefined)
  }
}
