import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { Death, InstanceBelief, NodeBelief } from '../../../fleet/belief.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import type { AgentsConfig } from '../../config.ts'
import { Proposer } from '../../propose.ts'
import type { ContactWatch } from '../contact/watch-contact.ts'
import type { AgentSessions } from '../serve-agents.ts'
import type { FleetWithRemovals } from '../session/reconcile.ts'
import { askVantage } from './ask-vantage.ts'
import type { Sightings } from './sightings.ts'
import { type Answer, findingOf, type Home, judgeDeath, planeId, remoteCheck, type Vantage } from './vantage.ts'

const lookEveryMs = 250

export type ConfirmOptions = {
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  readonly sessions: AgentSessions
  readonly contact: ContactWatch
  readonly sightings: Sightings
  readonly settings: AgentsConfig['vantages']
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
}

/** Has the vantages look at every instance whose agent is out of contact, and records the deaths that they confirm. */
export function confirmDeaths(options: ConfirmOptions): AsyncDisposable {
  const stop = new AbortController()
  const confirmation = new Confirmation(options, stop.signal)
  const onFailure = warn(options.log, 'deaths could not be judged')
  const pace = { everyMs: lookEveryMs, afterFailureMs: () => 1_000 }
  const loop = repeat(async () => confirmation.look(), pace, onFailure, stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await loop
      await confirmation.idle()
    },
  }
}

/**
 * One time of asking all vantages of an instance. `shaky`: at some moment of it the network was held or in doubt, so that its
 * silence proves nothing, even when the doubt is gone.
 */
type Round = { readonly askedAt: number; readonly answers: Answer[]; waiting: number; shaky: boolean }

class Confirmation {
  readonly #options: ConfirmOptions
  readonly #stop: AbortSignal
  readonly #proposer: Proposer
  readonly #rounds = new Map<string, Round>()
  readonly #asking = new Set<Promise<void>>()
  /** Deaths that could not be written down: their removals stand for as long as nothing is heard of the node. */
  readonly #unrecorded = new Set<string>()

  constructor(options: ConfirmOptions, stop: AbortSignal) {
    this.#options = options
    this.#stop = stop
    this.#proposer = new Proposer(options.record, options.by, options.log)
  }

  look(): void {
    const { fleet } = this.#options
    if (!fleet.complete) return
    const now = performance.now()
    const doubtful = new Set<string>()
    for (const node of fleet.nodes.values()) {
      if (!isOutOfContact(node)) continue
      for (const id of fleet.instancesOfNode(node.spec.id)) {
        const instance = fleet.instances.get(id)
        const check = instance?.origin === 'agent' && !instance.death ? remoteCheck(instance.spec) : undefined
        if (!check) continue
        doubtful.add(id)
        const round = this.#rounds.get(id)
        if (round && !this.#isOver(round, node, now)) this.#judge(id, round)
        else this.#ask(id, node, check, now)
      }
    }
    for (const id of this.#rounds.keys()) if (!doubtful.has(id)) this.#rounds.delete(id)
    for (const id of this.#unrecorded) {
      if (doubtful.has(id)) continue
      this.#unrecorded.delete(id)
      fleet.lift(id)
    }
  }

  async idle(): Promise<void> {
    await Promise.all(this.#asking)
    await this.#proposer.idle()
  }

  #isOver({ waiting, askedAt, shaky }: Round, node: NodeBelief, now: number): boolean {
    if (waiting > 0) return false
    return now - askedAt >= this.#options.settings.ask_every || (shaky && !this.#isShaky(node))
  }

  #isShaky({ spec }: NodeBelief): boolean {
    const { fleet, contact } = this.#options
    return fleet.installation.holds.has(spec.site) || contact.inDoubt(spec.site)
  }

  #ask(id: string, node: NodeBelief, check: ProbeSpec, now: number): void {
    if (this.#asking.size >= this.#options.settings.at_once) return
    const vantages = this.#vantages(id, node, check, now)
    const round: Round = { askedAt: now, answers: [], waiting: vantages.length, shaky: false }
    this.#rounds.set(id, round)
    for (const vantage of vantages) {
      const asked = this.#hear(id, round, vantage, check).finally(() => this.#asking.delete(asked))
      this.#asking.add(asked)
    }
  }

  /** Who saw it pass lately and can be asked now. */
  #vantages(id: string, node: NodeBelief, check: ProbeSpec, now: number): readonly Vantage[] {
    const { fleet, contact, sightings, settings } = this.#options
    return sightings.of(id, JSON.stringify(check), now, settings.valid_for).filter((vantage) => {
      if (vantage.id === planeId) return true
      if (vantage.machine === node.spec.machine || fleet.nodes.get(vantage.id)?.contact !== 'connected') return false
      return contact.machines.get(vantage.machine)?.overdue === false
    })
  }

  async #hear(id: string, round: Round, vantage: Vantage, check: ProbeSpec): Promise<void> {
    const { sessions, sightings } = this.#options
    const verdict = await askVantage(vantage, check, sessions, this.#stop)
    round.waiting -= 1
    if (this.#stop.aborted || this.#rounds.get(id) !== round) return
    if (verdict) {
      const finding = findingOf(verdict)
      round.answers.push({ vantage, finding })
      if (finding === 'passed') sightings.saw(id, JSON.stringify(check), vantage, performance.now())
    }
    this.#judge(id, round)
  }

  #judge(id: string, round: Round): void {
    const { fleet, contact } = this.#options
    const instance = fleet.instances.get(id)
    const node = instance && fleet.nodes.get(instance.node)
    if (!node || instance.death || !isOutOfContact(node)) return
    round.shaky ||= this.#isShaky(node)
    const { machine, site } = node.spec
    const home: Home = { machine, site, shaky: round.shaky, demoted: node.demoted }
    const death = judgeDeath(round.answers, round.waiting, home, contact.machines)
    if (death) this.#confirm(instance, death)
  }

  #confirm({ spec, node, revision }: InstanceBelief, death: Omit<Death, 'at'>): void {
    const { fleet, sessions, log } = this.#options
    const { id } = spec
    fleet.publishRemoval(id, reason('death_confirmed', { how: death.how }))
    const change = { kind: 'death-confirmed', instance: id, death } as const
    this.#proposer.propose(id, { change, seen: revision }, (outcome) => {
      if (outcome === undefined) {
        this.#unrecorded.add(id)
        return
      }
      this.#unrecorded.delete(id)
      if (outcome !== 'changed') return
      log.warn({ instance: id, node, how: death.how, vantages: death.vantages }, 'a death was confirmed')
      // It came back while this was written down: its agent has to say that it lives.
      if (fleet.nodes.get(node)?.contact === 'connected')
        sessions.askAgain(node, 'an instance was confirmed dead meanwhile')
    })
  }
}

function isOutOfContact({ contact }: NodeBelief): boolean {
  return contact === 'suspect' || contact === 'lost'
}
