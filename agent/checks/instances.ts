import { isDeepStrictEqual } from 'node:util'
import type { Health, InstanceSpec, Verdict } from '#shared/protocol/check.ts'
import type { Found } from './ask.ts'
import { type Damped, type Damping, damp, undamped } from './flapping.ts'
import { type Judgement, sameVerdict, together, unjudged } from './judge.ts'
import { type Lag, RecentWorst } from './lag.ts'
import { type Result, Results } from './results.ts'
import { type Check, runCheck } from './run-check.ts'
import { serverOf, Wires } from './wires.ts'

/** An instance as it is configured: what is told of it, and how it is checked. The first check decides whether it lives. */
export type InstancePlan = {
  readonly spec: InstanceSpec
  readonly checks: readonly Check[]
  /** What holds it while it flaps; nothing does if it is left out. */
  readonly damping?: Damping | undefined
}

/** Who hears what becomes of the instances. Times by the monotonic clock, in milliseconds. */
export type InstanceListener = {
  /** A new instance, or a known one that is configured otherwise. A moved one has lost its verdict. */
  readonly specified: (spec: InstanceSpec, verdict: Verdict, at: number) => void
  readonly judged: (id: string, verdict: Verdict, at: number) => void
  readonly withdrawn: (id: string) => void
}

type RunningCheck = {
  readonly check: Check
  readonly stop: AbortController
  readonly ended: Promise<void>
  judgement: Judgement
  last: Found | undefined
  probes: number
  readonly late: RecentWorst
  readonly results: Results
}

type Watched = {
  plan: InstancePlan
  checks: readonly RunningCheck[]
  verdict: Verdict
  at: number
  damped: Damped
}

export type CheckState = {
  readonly check: Check
  readonly verdict: Verdict
  readonly tookMs: number | undefined
  readonly probes: number
  /** How late it began at worst after it was due, lately. */
  readonly lateMs: number
  /** What its last runs found, the newest first. */
  readonly results: readonly Result[]
}
export type InstanceState = {
  readonly spec: InstanceSpec
  readonly verdict: Verdict
  /** When the verdict was reached, by the monotonic clock. */
  readonly at: number
  readonly checks: readonly CheckState[]
  /** While it is held for flapping: since when, by the monotonic clock, and what its checks say now. */
  readonly held?: { readonly since: number; readonly found: Verdict } | undefined
}

/** Runs the checks of all instances of this node and tells what they say together. */
export class Instances implements AsyncDisposable {
  readonly #watched = new Map<string, Watched>()
  readonly #wires = new Wires()
  readonly #listener: InstanceListener
  readonly #lag: Lag
  #onJudged: (() => void) | undefined

  constructor(listener: InstanceListener, lag: Lag) {
    this.#listener = listener
    this.#lag = lag
  }

  /** Makes `plans` what is watched. Checks that are as before go on undisturbed. */
  apply(plans: readonly InstancePlan[]): void {
    const wanted = new Set(plans.map(({ spec }) => spec.id))
    for (const [id, { checks }] of this.#watched) {
      if (wanted.has(id)) continue
      this.#watched.delete(id)
      this.#end(checks)
      this.#listener.withdrawn(id)
    }
    for (const plan of plans) {
      const known = this.#watched.get(plan.spec.id)
      if (known === undefined) this.#begin(plan)
      else if (!isDeepStrictEqual(known.plan, plan)) this.#change(known, plan)
    }
    this.#onJudged?.()
  }

  get states(): readonly InstanceState[] {
    const now = performance.now()
    return [...this.#watched.values()].map(({ plan, verdict, at, checks, damped: { hold, found } }) => ({
      spec: plan.spec,
      verdict,
      at,
      checks: checks.map(({ check, judgement, last, probes, late, results }) => ({
        check,
        verdict: judgement.verdict,
        tookMs: last?.tookMs,
        probes,
        lateMs: late.at(now),
        results: results.newestFirst,
      })),
      held: hold && { since: hold.since, found },
    }))
  }

  /** What an instance is believed to be now; `unknown` also if there is none. */
  healthOf(id: string): Health {
    return this.#watched.get(id)?.verdict.health ?? 'unknown'
  }

  get wires(): number {
    return this.#wires.count
  }

  /** Resolves when every instance has a verdict, or after `withinMs`. */
  async allJudged(withinMs: number): Promise<void> {
    const missing = () => [...this.#watched.values()].some(({ verdict }) => verdict.health === 'unknown')
    if (!missing()) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#onJudged = undefined
        resolve()
      }
      const timer = setTimeout(done, withinMs)
      this.#onJudged = () => {
        if (!missing()) done()
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = [...this.#watched.values()].flatMap(({ checks }) => checks)
    this.#watched.clear()
    for (const { stop } of running) stop.abort()
    await Promise.all(running.map(({ ended }) => ended))
  }

  #begin(plan: InstancePlan): void {
    const { verdict } = unjudged
    const watched: Watched = { plan, checks: [], verdict, at: performance.now(), damped: undamped }
    this.#watched.set(plan.spec.id, watched)
    this.#listener.specified(plan.spec, watched.verdict, watched.at)
    watched.checks = plan.checks.map((check) => this.#run(watched, check, unjudged))
  }

  #change(watched: Watched, plan: InstancePlan): void {
    const { spec } = watched.plan
    const moved = spec.address !== plan.spec.address || spec.port !== plan.spec.port
    const before = watched.checks
    const kept = new Set<RunningCheck>()
    watched.plan = plan
    watched.checks = plan.checks.map((check, n) => {
      const same = before.find((running) => !kept.has(running) && isDeepStrictEqual(running.check, check))
      if (same && !moved) {
        kept.add(same)
        return same
      }
      // What is asked otherwise is the same server still: its verdict holds until the new check has one.
      const known = moved ? undefined : before[n]?.judgement.verdict
      return this.#run(watched, check, known ? { verdict: known, against: 0 } : unjudged)
    })
    this.#end(before.filter((running) => !kept.has(running)))
    if (moved) {
      watched.verdict = unjudged.verdict
      watched.at = performance.now()
      watched.damped = undamped
    }
    this.#listener.specified(plan.spec, watched.verdict, watched.at)
    this.#judge(watched)
  }

  #run(watched: Watched, check: Check, known: Judgement): RunningCheck {
    const stop = new AbortController()
    const onFound = (judgement: Judgement, found: Found) => {
      running.judgement = judgement
      running.last = found
      running.probes += 1
      const { verdict, tookMs, said } = found
      running.results.add({ at: performance.now(), verdict, tookMs, said })
      this.#judge(watched)
    }
    const onLate = (lateMs: number) => {
      running.late.note(lateMs, performance.now())
      this.#lag.note(lateMs)
    }
    const ended = runCheck(check, known, { wires: this.#wires, lag: this.#lag, onFound, onLate }, stop.signal)
    const running: RunningCheck = {
      check,
      stop,
      ended,
      judgement: known,
      last: undefined,
      probes: 0,
      late: new RecentWorst(),
      results: new Results(),
    }
    return running
  }

  #judge(watched: Watched): void {
    const now = performance.now()
    const found = together(watched.checks.map(({ judgement }) => judgement.verdict))
    watched.damped = damp(watched.damped, found, now, watched.plan.damping)
    const { verdict } = watched.damped
    if (sameVerdict(verdict, watched.verdict)) return
    watched.verdict = verdict
    watched.at = now
    this.#listener.judged(watched.plan.spec.id, verdict, watched.at)
    this.#onJudged?.()
  }

  #end(checks: readonly RunningCheck[]): void {
    for (const { stop } of checks) stop.abort()
    const inUse = new Set(
      [...this.#watched.values()].flatMap(({ checks }) => checks.map(({ check }) => serverOf(check.probe))),
    )
    for (const { check } of checks) {
      const server = serverOf(check.probe)
      if (!inUse.has(server)) this.#wires.forget(server)
    }
  }
}
