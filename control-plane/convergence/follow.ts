import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { fault, type Logger } from '#shared/logging/logger.ts'
import type { Sink } from '../fleet/sink.ts'
import { type Converged, Convergence } from './convergence.ts'

/** fleet: changes of nodes, instances and orders · declaration: versions that go to all gateways at once */
export type Subject = 'fleet' | 'declaration'

export type ConvergenceParts = {
  readonly sinks: () => readonly Sink[]
  /** Calls the listener with the changes of the fleet as they are recorded, `at` in epoch milliseconds; returns how to stop. */
  readonly onChange: (
    listener: (changes: readonly { readonly revision: number; readonly at: number }[]) => void,
  ) => () => void
  /** The version of the declaration that goes to all gateways at once; undefined: there is none, or it goes in stages. */
  readonly declared: () => { readonly number: number; readonly at: number } | undefined
  /** Calls the listener when gateways are given something else; returns how to stop. */
  readonly onGiven: (listener: () => void) => () => void
  /** Called with each change that a sink has proven. */
  readonly onProven: (sink: string, subject: Subject, ms: number) => void
  readonly log: Logger
  readonly signal: AbortSignal
  readonly now?: () => number
}

export type ConvergenceFollower = AsyncDisposable & {
  /** Undefined: this sink has proven nothing yet. */
  of(sink: string): { readonly [S in Subject]: Converged | undefined }
}

/** How often sinks are asked while they have changes to prove: soon after a change often, then seldom. */
const oftenMs = 50
const seldomMs = 500
const oftenForMs = 5_000
/** With nothing to prove they are asked all the same: one may have come, or gone. */
const idleMs = 5_000

/** Measures how long sinks take to prove what changes. An observed sink shows nothing, so it is left out. */
export function followConvergence(parts: ConvergenceParts): ConvergenceFollower {
  const { sinks, log, now = Date.now } = parts
  const measured: Readonly<Record<Subject, Convergence>> = {
    fleet: new Convergence({ onProven: (sink, ms) => parts.onProven(sink, 'fleet', ms) }),
    declaration: new Convergence({ onProven: (sink, ms) => parts.onProven(sink, 'declaration', ms) }),
  }
  const wake = new Wake()
  const closing = new AbortController()
  const stop = AbortSignal.any([parts.signal, closing.signal])
  let changedAt = Number.NEGATIVE_INFINITY
  const news = () => {
    changedAt = performance.now()
    wake.ring()
  }
  const look = () => {
    const declared = parts.declared()
    if (declared) measured.declaration.changed(declared.number, declared.at)
    const names = new Set<string>()
    for (const sink of sinks()) {
      const status = sink.status()
      if (status.mode === 'observe') continue
      names.add(status.name)
      if (status.proven) measured.fleet.proven(status.name, status.proven.revision, status.proven.at)
      if (status.declared?.proven !== undefined) {
        measured.declaration.proven(status.name, status.declared.proven, now())
      }
    }
    for (const each of Object.values(measured)) each.keep(names)
  }
  const run = async () => {
    while (!stop.aborted) {
      try {
        look()
      } catch (error) {
        fault(log, 'the sinks could not be asked what they have proven')(error)
      }
      const waiting = Object.values(measured).some((each) => each.waiting)
      if (waiting) await pause(performance.now() - changedAt < oftenForMs ? oftenMs : seldomMs, stop)
      else await wake.next(idleMs, stop)
    }
  }
  const unfollow = [
    parts.onChange((changes) => {
      for (const { revision, at } of changes) measured.fleet.changed(revision, at)
      news()
    }),
    parts.onGiven(news),
  ]
  const ended = run()
  return {
    of: (sink) => ({ fleet: measured.fleet.of(sink, now()), declaration: measured.declaration.of(sink, now()) }),
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      for (const end of unfollow) end()
      await ended
    },
  }
}
