import { repeat } from '#shared/lifecycle/repeat.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { InstanceBelief } from '../../../fleet/belief.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import type { AgentsConfig } from '../../config.ts'
import type { AgentSessions } from '../serve-agents.ts'
import { askVantage } from './ask-vantage.ts'
import { type Candidates, candidatesOf, chooseAgents } from './choice.ts'
import { Due } from './due.ts'
import { Misses } from './misses.ts'
import type { Sightings } from './sightings.ts'
import { findingOf, planeId, remoteCheck, type Vantage } from './vantage.ts'

const lookEveryMs = 500
/** An instance that has just become well is looked at within a second; a whole fleet, as after a restart, at 200 a second. */
const soonMs = 1_000
const apartMs = 5
/** Agents that can be asked are put in order at most this often. */
const candidatesForMs = 1_000
/** Other planes may see an instance so much before this one knows it, or after it is gone. */
const strangeForMs = 60_000
/** An agent that beats so much later has checked its instances since, at the usual interval. */
const sureAfterMs = 6_000
/**
 * Whom not all saw that were asked is looked at again after this time, then after twice of it, and so on: one probe that got lost must not
 * leave it with fewer witnesses for five minutes, and who cannot be seen from there is asked about ever more seldom.
 */
const usuallyAgainMs = 10_000

export type SurveyOptions = {
  readonly fleet: FleetView
  readonly sessions: Pick<AgentSessions, 'ask' | 'sign'>
  readonly sightings: Sightings
  readonly settings: AgentsConfig['vantages']
  /** The plane's own place. */
  readonly plane: Omit<Vantage, 'id'>
  /** Whether the instances of a service are looked at by this plane; others of the same store look at the rest. Left out: all are. */
  readonly owns?: (service: string) => boolean
  /** Hears what was found out here, at once. seen false: this vantage cannot see it, though it is well. */
  readonly onSighting?: (sighting: SightingHere) => void
  readonly log: Logger
  /** Runs a check from a vantage; undefined: the vantage itself did not answer. Where it is not done by a real probe. */
  readonly ask?: typeof askVantage
  /** Milliseconds until one is looked at again that not all saw, where it is not the usual. */
  readonly againMs?: number
}

export type SightingHere = {
  readonly instance: string
  readonly target: string
  readonly vantage: Vantage
  readonly seen: boolean
}

/** Finds out again and again who can see which instance, until disposed of. */
export function surveyInstances(options: SurveyOptions): AsyncDisposable {
  const stop = new AbortController()
  const survey = new Survey(options, stop.signal)
  const unwatch = options.fleet.watch(({ instances, nodes }) => survey.changed(instances, nodes.size > 0))
  const onFailure = warn(options.log, 'the survey failed')
  const loop = repeat(
    async () => survey.look(),
    { everyMs: lookEveryMs, afterFailureMs: () => 5_000 },
    onFailure,
    stop.signal,
  )
  return {
    async [Symbol.asyncDispose]() {
      unwatch()
      stop.abort()
      await loop
      await survey.idle()
    },
  }
}

class Survey {
  readonly #options: SurveyOptions
  readonly #stop: AbortSignal
  /** When each instance is to be looked at next. */
  readonly #due = new Due()
  /** The check of each instance for which a look is due. */
  readonly #checks = new Map<string, ProbeSpec>()
  /** Instances for which there were too few agents to be asked, as it is after a start, by how many were found. */
  readonly #short = new Map<string, number>()
  /** Instances that not all saw, by how often in a row. */
  readonly #inVain = new Map<string, number>()
  readonly #running = new Set<Promise<void>>()
  readonly #misses = new Misses(sureAfterMs)
  #candidates: Candidates | undefined
  #candidatesStale = true
  #candidatesAt = Number.NEGATIVE_INFINITY
  #begun = false
  #expectedUntil = Number.NEGATIVE_INFINITY
  #tidyAt = Number.NEGATIVE_INFINITY

  constructor(options: SurveyOptions, stop: AbortSignal) {
    this.#options = options
    this.#stop = stop
  }

  changed(instances: Iterable<string>, nodes: boolean): void {
    if (nodes) this.#candidatesStale = true
    for (const id of instances) {
      const instance = this.#options.fleet.instances.get(id)
      if (!instance) this.#options.sightings.forget(id)
      const check = instance && checkOf(instance)
      if (!check) {
        this.#due.delete(id)
        this.#checks.delete(id)
        this.#short.delete(id)
        this.#inVain.delete(id)
        continue
      }
      const before = this.#checks.get(id)
      if (before === check) continue
      this.#checks.set(id, check)
      // Who moved, or is checked in another way, has been seen by nobody.
      if (!isSame(before, check)) this.#expectNext(id)
    }
  }

  look(): void {
    const { fleet, settings } = this.#options
    if (!fleet.complete) return
    if (!this.#begun) this.changed(fleet.instances.keys(), true)
    this.#begun = true
    const now = performance.now()
    for (const { instance, vantage, at } of this.#misses.settle((id) => this.#wellSince(id))) {
      const { sightings, onSighting } = this.#options
      sightings.lostSight(instance, vantage, at)
      onSighting?.({ instance, target: '', vantage: { id: vantage, machine: '', site: '' }, seen: false })
    }
    if (now >= this.#tidyAt) {
      this.#tidyAt = now + settings.survey_every
      this.#options.sightings.forgetUnknown((id) => fleet.instances.has(id), now - strangeForMs)
    }
    if (this.#short.size > 0 && this.#candidatesStale) this.#fill()
    for (const id of this.#due.take(now, settings.at_once - this.#running.size)) {
      const instance = fleet.instances.get(id)
      const check = instance && checkOf(instance)
      if (!check) continue
      this.#due.set(id, now + settings.survey_every * (0.9 + 0.2 * Math.random()))
      if (this.#options.owns?.(instance.spec.service) === false) continue
      const turn = this.#survey(id, instance, check).finally(() => this.#running.delete(turn))
      this.#running.add(turn)
    }
  }

  /** There are other agents now: those that had too few may have more. */
  #fill(): void {
    const candidates = this.#agents()
    for (const [id, count] of this.#short) {
      const node = this.#options.fleet.instances.get(id)?.node
      if (this.#chosen(id, node, candidates).length > count) this.#expect(id)
    }
  }

  #chosen(id: string, node: string | undefined, candidates: Candidates): readonly Vantage[] {
    const { fleet, settings } = this.#options
    const spec = fleet.nodes.get(node ?? '')?.spec
    return chooseAgents(id, { machine: spec?.machine ?? '', site: spec?.site ?? '' }, candidates, settings.agents)
  }

  /** Of those that had too few, which may be all, one after the other. */
  #expect(id: string): void {
    const withinMs = Math.max(soonMs, this.#options.fleet.instances.size * apartMs)
    this.#due.set(id, performance.now() + Math.random() * withinMs)
  }

  /** A single one soon, however many there are; more, as after a restart, one after the other. */
  #expectNext(id: string): void {
    const now = performance.now()
    const latest = now + this.#options.fleet.instances.size * apartMs
    this.#expectedUntil = Math.min(latest, Math.max(now, this.#expectedUntil + apartMs))
    this.#due.set(id, this.#expectedUntil + Math.random() * soonMs)
  }

  async idle(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #survey(id: string, instance: InstanceBelief, check: ProbeSpec): Promise<void> {
    const { settings, plane } = this.#options
    const agents = this.#chosen(id, instance.node, this.#agents())
    if (agents.length < settings.agents) this.#short.set(id, agents.length)
    else this.#short.delete(id)
    const vantages = [{ id: planeId, ...plane }, ...agents]
    const saw = await Promise.all(vantages.map((vantage) => this.#sight(id, vantage, check)))
    if (saw.every(Boolean)) this.#inVain.delete(id)
    else if (this.#due.has(id)) this.#lookAgain(id)
  }

  #lookAgain(id: string): void {
    const { settings, againMs = usuallyAgainMs } = this.#options
    const times = this.#inVain.get(id) ?? 0
    this.#inVain.set(id, times + 1)
    const waitMs = againMs * 2 ** times
    if (waitMs < settings.survey_every) this.#due.set(id, performance.now() + waitMs)
  }

  /** Whether the vantage saw it. */
  async #sight(id: string, vantage: Vantage, check: ProbeSpec): Promise<boolean> {
    const { fleet, sessions, sightings, onSighting, ask = askVantage } = this.#options
    const verdict = await ask(vantage, check, sessions, this.#stop)
    const instance = fleet.instances.get(id)
    if (!verdict || !instance || this.#stop.aborted) return false
    const target = JSON.stringify(check)
    if (findingOf(verdict) !== 'passed') {
      this.#misses.add({ instance: id, vantage: vantage.id, at: performance.now() })
      return false
    }
    sightings.saw(id, target, vantage, performance.now())
    onSighting?.({ instance: id, target, vantage, seen: true })
    return true
  }

  /** When the agent of an instance that is well was last heard of. */
  #wellSince(id: string): number | undefined {
    const { fleet, sessions } = this.#options
    const instance = fleet.instances.get(id)
    if (!instance || !isWell(instance)) return undefined
    const sign = sessions.sign(instance.node)
    const isHeard = fleet.nodes.get(instance.node)?.contact === 'connected'
    return isHeard && (sign.kind === 'live' || sign.kind === 'elsewhere') ? sign.heardAt : undefined
  }

  #agents(): Candidates {
    const now = performance.now()
    // Whom one asks that has left meanwhile does not answer: in a large fleet somebody comes or goes all the time.
    if (!this.#candidates || (this.#candidatesStale && now - this.#candidatesAt >= candidatesForMs)) {
      this.#candidates = candidatesOf(connected(this.#options.fleet))
      this.#candidatesStale = false
      this.#candidatesAt = now
    }
    return this.#candidates
  }
}

/** The check that others should see it pass, too; undefined: there is none. */
function checkOf(instance: InstanceBelief): ProbeSpec | undefined {
  return instance.origin === 'agent' && isWell(instance) ? remoteCheck(instance.spec) : undefined
}

/** Whether others should see it pass, too. */
function isWell({ health, death }: InstanceBelief): boolean {
  return death === undefined && (health === 'passing' || health === 'warning')
}

function isSame(a: ProbeSpec | undefined, b: ProbeSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function connected(fleet: FleetView): readonly Vantage[] {
  return [...fleet.nodes.values()].flatMap(({ spec, contact }) =>
    contact === 'connected' ? [{ id: spec.id, machine: spec.machine, site: spec.site }] : [],
  )
}
