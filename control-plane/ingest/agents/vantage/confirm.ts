import { pause, repeat } from '#shared/lifecycle/repeat.ts'
import { sparing } from '#shared/lifecycle/sparing.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { beatEveryMs } from '#shared/protocol/messages.ts'
import type { Death, InstanceBelief, NodeBelief } from '../../../fleet/belief.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import type { AgentsConfig } from '../../config.ts'
import type { ContactWatch } from '../contact/watch-contact.ts'
import type { AgentSessions } from '../serve-agents.ts'
import type { FleetWithRemovals } from '../session/reconcile.ts'
import { askVantage } from './ask-vantage.ts'
import { chooseWitnesses } from './choice.ts'
import { type Home, type Judgement, judgeDeath } from './death.ts'
import { type Condition, Inquiry } from './inquiry.ts'
import { Lines } from './lines.ts'
import { DeathRecorder } from './record-deaths.ts'
import type { Sightings } from './sightings.ts'
import type { Timed } from './timed.ts'
import { type Finding, findingOf, isPlane, planeId, remoteCheck, runOfPlane, type Vantage } from './vantage.ts'

const lookEveryMs = 250
const lookAtLeastEveryMs = 1_000
/** Who is well is heard so often, with some room. */
const heardWithinMs = beatEveryMs + 500
/** Nodes that are looked at before a look may be interrupted. */
const nodesInPiece = 64

export type ConfirmOptions = {
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  readonly sessions: Pick<AgentSessions, 'ask' | 'askAgain' | 'hears'>
  readonly contact: Pick<ContactWatch, 'machines' | 'unwell' | 'inDoubt' | 'surroundings'>
  /** Whether this plane confirms deaths. Left out: yes. */
  readonly leads?: () => boolean
  /** Whether another plane lives, by its run. Left out: there is none. */
  readonly livesPlane?: (run: string) => boolean
  readonly sightings: Sightings
  readonly settings: AgentsConfig['vantages']
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
  /** A monotonic clock in milliseconds, where it is not that of the process. */
  readonly now?: () => number
  /** Runs a check from a vantage; undefined: the vantage itself did not answer. Where it is not done by a real probe. */
  readonly ask?: typeof askVantage
  /** Resolves after so many milliseconds, where time is not that of the process. */
  readonly wait?: (ms: number) => Promise<unknown>
}

/** How many vantages are being asked, and what came of it since the plane's start. */
export type ConfirmFigures = {
  readonly asking: number
  readonly answers: Readonly<Record<Finding, number>>
  readonly deaths: Readonly<Record<Death['how'], number>>
}

/** What is known of an instance's life besides what its own agent says. */
export type Witnesses = {
  /** Whether others can run its check at all. */
  readonly check: 'none' | 'local' | 'remote'
  /** Who saw it pass lately. */
  readonly seenBy: readonly string[]
  /** Since its node was missed: what each vantage that was asked last has found, and what follows. Left out: nobody was asked. */
  readonly asked?: {
    readonly found: Readonly<Record<string, Finding>>
    readonly agoMs: number
    readonly judgement: Judgement
  }
}

/** Deaths are confirmed until it is disposed of. */
export interface DeathConfirmation extends AsyncDisposable {
  figures(): ConfirmFigures
  witnesses(instance: string): Witnesses
}

/** Has the vantages look at every instance whose agent is out of contact, and records the deaths that they confirm. */
export function confirmDeaths(options: ConfirmOptions): DeathConfirmation {
  const stop = new AbortController()
  const confirmation = new DeathJudge(options, stop.signal)
  const onFailure = warn(options.log, 'deaths could not be judged')
  const [look, pace] = sparing(() => confirmation.looks(), {
    everyMs: lookEveryMs,
    mostMs: lookAtLeastEveryMs,
    afterFailureMs: () => 1_000,
  })
  const loop = repeat(look, pace, onFailure, stop.signal)
  return {
    figures: () => confirmation.figures(),
    witnesses: (instance) => confirmation.witnesses(instance),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await loop
      await confirmation.idle()
    },
  }
}

/** An instance that is to be looked at now. */
type Due = { readonly id: string; readonly node: NodeBelief; readonly check: ProbeSpec; readonly condition: Condition }

/** Judges deaths by one look after the other. */
export class DeathJudge {
  readonly #options: ConfirmOptions
  readonly #stop: AbortSignal
  readonly #now: () => number
  readonly #lines: Lines
  readonly #recorder: DeathRecorder
  readonly #inquiries = new Map<string, Inquiry>()
  readonly #asking = new Set<Promise<void>>()
  #askingShaky = 0
  readonly #answers: Record<Finding, number> = { passed: 0, refused: 0, 'no-answer': 0, other: 0, unanswered: 0 }

  constructor(options: ConfirmOptions, stop: AbortSignal) {
    this.#options = options
    this.#stop = stop
    this.#now = options.now ?? (() => performance.now())
    this.#lines = new Lines({
      // They take longer than looks.
      atOnce: options.settings.at_once * 2,
      ask: (vantage, check) => this.#askVantage(vantage, check),
      wait: options.wait ?? ((ms) => pause(ms, stop)),
      stop,
    })
    this.#recorder = new DeathRecorder(options)
  }

  /** Looks at them in one piece. */
  look(): void {
    for (const _ of this.looks());
  }

  /** One look at everybody who is not well; yields where it may be interrupted. */
  *looks(): Generator<void, void> {
    const { fleet, settings, contact } = this.#options
    if (!fleet.complete) return
    if (this.#options.leads?.() === false) {
      this.#inquiries.clear()
      // Who leads now confirms their deaths, unless they are back.
      this.#recorder.lift((id) => this.#isAway(id))
      return
    }
    const now = this.#now()
    const doubtful = new Set<string>()
    const due: Due[] = []
    // What comes up while it is interrupted is for the next look.
    const unrecorded = new Set(this.#recorder.unrecorded)
    let count = 0
    // Of ten thousand nodes nearly all are well nearly always: they are not even looked at.
    for (const id of [...contact.unwell]) {
      count += 1
      if (count % nodesInPiece === 0) yield
      const node = fleet.nodes.get(id)
      const condition = node && this.#conditionOf(node)
      if (!condition) continue
      for (const id of fleet.instancesOfNode(node.spec.id)) {
        const instance = fleet.instances.get(id)
        const check = instance?.origin === 'agent' && !instance.death ? remoteCheck(instance.spec) : undefined
        if (!check) continue
        doubtful.add(id)
        const inquiry = this.#inquiries.get(id)
        inquiry?.doubt(condition.shaky)
        if (!inquiry || inquiry.isOver(condition, now, settings.ask_every)) due.push({ id, node, check, condition })
        else this.#judge(id, inquiry)
      }
    }
    for (const id of this.#inquiries.keys()) if (!doubtful.has(id)) this.#inquiries.delete(id)
    this.#recorder.lift((id) => doubtful.has(id) || !unrecorded.has(id))
    for (const each of this.#inOrder(due)) if (!this.#ask(each, now)) break
  }

  figures(): ConfirmFigures {
    return { asking: this.#asking.size, answers: { ...this.#answers }, deaths: this.#recorder.deaths }
  }

  witnesses(id: string): Witnesses {
    const { fleet, sightings, settings } = this.#options
    const instance = fleet.instances.get(id)
    const check = instance && remoteCheck(instance.spec)
    if (!instance || !check) return { check: instance?.spec.checks.length ? 'local' : 'none', seenBy: [] }
    const now = this.#now()
    const seenBy = sightings.of(id, JSON.stringify(check), now, settings.valid_for).map((vantage) => vantage.id)
    const inquiry = this.#inquiries.get(id)
    const judgement = inquiry && this.#judgementOf(instance, inquiry)
    if (!judgement) return { check: 'remote', seenBy }
    const found = Object.fromEntries(inquiry.answers.map(({ vantage, finding }) => [vantage.id, finding]))
    return { check: 'remote', seenBy, asked: { found, agoMs: now - inquiry.askedAt, judgement } }
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#asking, this.#lines.idle()])
    await this.#recorder.idle()
  }

  /** Whether it is there, and its node is out of contact. */
  #isAway(id: string): boolean {
    const { instances, nodes } = this.#options.fleet
    const node = nodes.get(instances.get(id)?.node ?? '')
    return node !== undefined && node.contact !== 'connected'
  }

  /** Undefined: its agent is heard, so it says itself how its instances are. */
  #conditionOf({ spec, contact }: NodeBelief): Condition | undefined {
    const suspect = contact === 'suspect' || contact === 'lost'
    const machine = suspect ? undefined : this.#options.contact.machines.get(spec.machine)
    // One missed beat proves nothing, but a look at once leaves time for a second one. That it is suspect may not be written down yet.
    const isMissed = machine && !machine.left && (machine.overdue || machine.lostAt !== undefined)
    if (!suspect && !isMissed) return undefined
    const shaky = this.#shakyOf(spec.site)
    return suspect || !shaky ? { suspect, shaky } : undefined
  }

  #shakyOf(site: string): Condition['shaky'] {
    const { fleet, contact } = this.#options
    if (fleet.installation.holds.has(site)) return 'site_held'
    return contact.inDoubt(site) ? 'in_doubt' : undefined
  }

  /** What can bring a death to light first; of those who have waited longest first: a site that is gone must not keep others waiting. */
  #inOrder(due: readonly Due[]): readonly Due[] {
    const { settings } = this.#options
    if (due.length * (settings.agents + 1) + this.#asking.size <= settings.at_once / 2) return due
    const askedAt = ({ id }: Due) => this.#inquiries.get(id)?.askedAt ?? Number.NEGATIVE_INFINITY
    const shaky = (each: Due) => (isHopeless(each) ? 1 : 0)
    return due.toSorted((a, b) => shaky(a) - shaky(b) || askedAt(a) - askedAt(b))
  }

  /** False: no more can be asked now. */
  #ask({ id, node, check, condition }: Due, now: number): boolean {
    const { at_once } = this.#options.settings
    const isShaky = isHopeless({ condition, node })
    if (this.#asking.size >= at_once || (isShaky && this.#askingShaky >= at_once / 2)) return false
    // Lines are tried beside the looks, and take longer: a first look waits for its turn, and those pass that try none.
    const triesLines = !isShaky && !this.#inquiries.get(id)?.patience.hasBegun
    if (triesLines && this.#lines.isFull) return true
    const { vantages, agentsAbsent } = this.#vantages(id, node, check, now)
    const inquiry = new Inquiry(vantages, condition, now, this.#inquiries.get(id), agentsAbsent)
    this.#inquiries.set(id, inquiry)
    for (const vantage of inquiry.vantages) {
      if (isShaky) this.#askingShaky += 1
      const asked = this.#hear(id, inquiry, vantage, check, !isShaky).finally(() => {
        this.#asking.delete(asked)
        if (isShaky) this.#askingShaky -= 1
      })
      this.#asking.add(asked)
    }
    return true
  }

  /** Who saw it pass lately and can be asked now. */
  #vantages(id: string, node: NodeBelief, check: ProbeSpec, now: number) {
    const { fleet, contact, sightings, settings } = this.#options
    const { machine } = node.spec
    const seen = sightings.of(id, JSON.stringify(check), now, settings.valid_for)
    const agents = seen.filter((vantage) => !isPlane(vantage.id) && vantage.machine !== machine)
    const able = agents.filter(
      (vantage) =>
        fleet.nodes.get(vantage.id)?.contact === 'connected' &&
        contact.machines.get(vantage.machine)?.overdue === false,
    )
    // Who is known to be dead, or was stopped, is not waited for.
    const awaited = agents.filter((vantage) => {
      const known = contact.machines.get(vantage.machine)
      return known !== undefined && !known.dead && !known.left
    })
    const planes = seen.filter((vantage) => isPlane(vantage.id) && this.#canAnswer(vantage, machine))
    const witnesses = new Set<Vantage>([...planes, ...able])
    return {
      vantages: chooseWitnesses(witnesses, settings.agents),
      agentsAbsent: able.length === 0 && awaited.length > 0,
    }
  }

  /** Whether a plane is worth asking: one that is gone, or went with the machine, has no word for ever. */
  #canAnswer({ id, machine }: Vantage, home: string): boolean {
    const run = runOfPlane(id)
    if (run === undefined) return id === planeId
    return machine !== home && this.#options.livesPlane?.(run) === true
  }

  /** @param believed silence would be */
  async #hear(id: string, inquiry: Inquiry, vantage: Vantage, check: ProbeSpec, believed: boolean): Promise<void> {
    const { sightings } = this.#options
    const answer = this.#askVantage(vantage, check)
    if (believed && !inquiry.patience.hasTried(vantage.id)) {
      this.#lines.try(inquiry, vantage, check, answer, () => {
        const current = this.#inquiries.get(id)
        if (current?.patience === inquiry.patience) this.#judge(id, current)
      })
    }
    const finding = findingOf(await answer)
    if (this.#stop.aborted) return
    this.#answers[finding] += 1
    inquiry.hear({ vantage, finding })
    if (this.#inquiries.get(id) !== inquiry || !this.#options.fleet.instances.has(id)) return
    if (finding === 'passed') sightings.saw(id, JSON.stringify(check), vantage, this.#now())
    this.#judge(id, inquiry)
  }

  #askVantage(vantage: Vantage, check: ProbeSpec): Promise<Timed | undefined> {
    const { sessions, ask = askVantage } = this.#options
    return ask(vantage, check, sessions, this.#stop)
  }

  #judge(id: string, inquiry: Inquiry): void {
    const instance = this.#options.fleet.instances.get(id)
    if (!instance || instance.death) return
    const judgement = this.#judgementOf(instance, inquiry)
    if (judgement?.kind === 'dead') this.#recorder.confirm(instance, judgement.death)
  }

  #judgementOf(instance: InstanceBelief, inquiry: Inquiry): Judgement | undefined {
    const { fleet, contact, sessions } = this.#options
    const node = fleet.nodes.get(instance.node)
    const condition = node && this.#conditionOf(node)
    if (!node || !condition) return undefined
    inquiry.doubt(condition.shaky)
    const { machine, site } = node.spec
    const home: Home = {
      machine,
      site,
      suspect: condition.suspect,
      demoted: node.demoted,
      heard: sessions.hears(node.spec.id, heardWithinMs),
      ...contact.surroundings(machine, site),
    }
    return judgeDeath(inquiry, home)
  }
}

/** Whether silence proves nothing now: refusals alone would. */
function isHopeless({ condition, node }: Pick<Due, 'condition' | 'node'>): boolean {
  return condition.shaky !== undefined || node.demoted
}
