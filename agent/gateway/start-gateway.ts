import { explainError } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import { type AppliedSet, applySet, contentsOf, type GatewayState, refusal } from './apply-set.ts'
import { nextReload, remembered } from './budget.ts'
import { hashOf } from './file-set.ts'
import { keepGood, readGood } from './keep-good.ts'
import { type GatewayParts, openGateway } from './open-gateway.ts'
import { goodSetOf, type Input, outcomeOf, tellTheSame } from './outcome.ts'
import { readWorkers } from './read-workers.ts'
import { isServed } from './serve-set.ts'
import type { GatewaySettings } from './settings.ts'
import { drainingGenerations } from './workers.ts'

export type GatewayStatus = {
  readonly gateway: string
  /** The newest outcome of a set; undefined: none yet. */
  readonly outcome: GatewayOutcome | undefined
  /** Reloads since the agent started. */
  readonly reloads: number
}

export type Gateway = {
  /** Takes a set as the newest one that the plane wants; older ones that still wait are forgotten. */
  take(files: GatewayFiles): void
  status(): GatewayStatus
  /** Settles when the gateway has ended, after the signal that it was started with. */
  readonly ended: Promise<void>
}

export type GatewaySurroundings = {
  readonly log: Logger
  readonly onOutcome: (outcome: GatewayOutcome) => void
  readonly stop: AbortSignal
}

/** Runs one gateway: the set that was taken last is what its Nginx serves, or an outcome says why not. */
export function startGateway(settings: GatewaySettings, { log, onOutcome, stop }: GatewaySurroundings): Gateway {
  const wake = new Wake()
  let wanted: Input | undefined
  /** The newest set that was tried to its end. */
  let settled: { readonly input: Input; readonly applied: AppliedSet } | undefined
  let state: GatewayState = { present: new Map(), lastGood: new Map() }
  let outcome: GatewayOutcome | undefined
  let history: readonly number[] = []
  let reloads = 0

  const take = (set: GatewayFiles) => {
    const files = contentsOf(set.files)
    const overdue = wanted !== undefined && wanted !== settled?.input && wanted.urgent
    wanted = { set, files, key: hashOf(files), receivedAt: performance.now(), urgent: set.urgent || overdue }
    wake.ring()
  }

  const report = (next: GatewayOutcome) => {
    const trouble = next.state === 'blocked' || next.state === 'waiting'
    if (trouble && tellTheSame(outcome, next)) return
    outcome = next
    log[next.state === 'blocked' || next.state === 'rejected' ? 'error' : 'info'](
      { gateway: settings.name, outcome: next },
      'gateway',
    )
    onOutcome(next)
  }

  const settle = (input: Input, applied: AppliedSet) => {
    const again = settled?.input === input
    settled = { input, applied }
    const next = outcomeOf(input, applied, performance.now())
    if (!again || !tellTheSame(outcome, next)) report(next)
  }

  /** Makes `input` what is served, as far as it can be now. Answers when to look again, in milliseconds from now. */
  const apply = async (parts: GatewayParts, input: Input): Promise<number> => {
    const waitMs = await budgetWaitMs(parts, input.urgent)
    if (waitMs > 0) {
      report({ state: 'waiting', version: input.set.version, waitMs })
      return waitMs
    }
    const applied = await applySet(parts, state, input.files, input.urgent, stop)
    state = applied.now
    if (applied.reloaded) {
      reloads += 1
      history = [...remembered(history, performance.now()), performance.now()]
    }
    const { result } = applied
    if (result.state === 'blocked') {
      report({ ...result, version: input.set.version })
      return settings.retryMs
    }
    settle(input, applied)
    if (result.state === 'proven') {
      // What serves, serves; only the next start would miss it.
      await keepGood(settings.good, goodSetOf(input, state.lastGood, result.attempt.quarantined)).catch(
        warn(log, 'the last good set could not be kept'),
      )
    }
    return settings.compareMs
  }

  const look = async (parts: GatewayParts): Promise<number> => {
    const input = wanted
    if (!input) return settings.compareMs
    const known = settled
    if (known?.input === input) return compare(parts, input, known.applied)
    if (known?.input.key === input.key) {
      // Equal bytes: nothing to do, unless something happened to them.
      const { result } = known.applied
      if (result.state === 'rejected' || (await isServed(parts, state.present, state.lastGood))) {
        settle(input, { ...known.applied, reloaded: false })
        return settings.compareMs
      }
    }
    const refused = refusal(parts, input.set, state.lastGood)
    if (!refused) return apply(parts, input)
    settle(input, { now: state, reloaded: false, passing: false, result: refused })
    return settings.compareMs
  }

  /** Compares the folder and what is served with what they should be, and sets right what is not. */
  const compare = async (parts: GatewayParts, input: Input, { result, passing }: AppliedSet): Promise<number> => {
    state = { ...state, present: await parts.folder.read() }
    const served = await isServed(parts, state.present, state.lastGood)
    const whole = result.state === 'proven' && result.attempt.quarantined.length === 0
    if (whole && served) return settings.compareMs
    if (result.state === 'proven' || passing) return apply(parts, input)
    // The set is not to be had, and so what served before it has to stand.
    if (!served && state.lastGood.size > 0) state = (await applySet(parts, state, state.lastGood, false, stop)).now
    return settings.compareMs
  }

  const budgetWaitMs = async (parts: GatewayParts, urgent: boolean): Promise<number> => {
    const master = await parts.process.master()
    if (master === undefined) return 0
    const answer = nextReload({
      now: performance.now(),
      history,
      urgent,
      perMinute: settings.reloadsPerMinute,
      draining: drainingGenerations(await readWorkers(master)).length,
      mostDraining: settings.drainingGenerations,
    })
    return answer.reload === 'now' ? 0 : answer.waitMs
  }

  const reportTrouble = (error: unknown) => {
    report({ state: 'blocked', version: wanted?.set.version ?? '', error: explainError(error) })
  }

  const run = async () => {
    const good = await readGood(settings.good)
    await using parts = await openPatiently(settings, log, reportTrouble, stop)
    if (!parts) return
    state = { present: await parts.folder.read(), lastGood: new Map(Object.entries(good?.files ?? {})) }
    if (good && !wanted) take(good.set)
    while (!stop.aborted) {
      let againMs = settings.retryMs
      try {
        againMs = await look(parts)
      } catch (error) {
        if (stop.aborted) return
        reportTrouble(error)
        state = { ...state, present: await parts.folder.read().catch(() => new Map()) }
      }
      await wake.next(againMs, stop)
    }
  }

  const ended = run().catch((err: unknown) => log.error({ err, gateway: settings.name }, 'the gateway ended'))
  return { take, status: () => ({ gateway: settings.name, outcome, reloads }), ended }
}

/** Nginx may be installed, or its folder made, after the agent was started. */
async function openPatiently(
  settings: GatewaySettings,
  log: Logger,
  onTrouble: (error: unknown) => void,
  stop: AbortSignal,
): Promise<GatewayParts | undefined> {
  while (!stop.aborted) {
    try {
      return await openGateway(settings, log, stop)
    } catch (error) {
      onTrouble(error)
      await pause(settings.retryMs, stop)
    }
  }
  return undefined
}
