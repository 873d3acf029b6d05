import { explainError } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import { type Logger, warn } from '#shared/logging/logger.ts'
import type { Inspected } from '#shared/protocol/drift.ts'
import type { GatewayFiles, GatewayOutcome } from '#shared/protocol/gateway.ts'
import type { DrainState } from '#shared/protocol/orders.ts'
import type { AppliedSet, GatewayState } from './applied-set.ts'
import type { DrainOrder } from './drain-order.ts'
import { contentsOf, hashOf } from './file-set.ts'
import { inspectGateway } from './inspect.ts'
import { Drain } from './keep-drain.ts'
import { keepGood, readGood } from './keep-good.ts'
import { goodSetOf, type Input, outcomeOf, tellTheSame } from './outcome.ts'
import type { GatewayProxy, LoopSettings } from './proxy.ts'

export type GatewayStatus = {
  readonly gateway: string
  /** The newest outcome of a set; undefined: none yet. */
  readonly outcome: GatewayOutcome | undefined
  /** Reloads since the agent started. */
  readonly reloads: number
  /** How it stands towards the balancers in front. */
  readonly drain: DrainState
}

/** What was found; `error`: why nothing can be said. */
export type Found = Omit<Inspected, 'type' | 'id' | 'gateway'>

export type Gateway = {
  /** Takes a set as the newest one that the plane wants; older ones that still wait are forgotten. */
  take(files: GatewayFiles): void
  status(): GatewayStatus
  /** How the folder and what is served differ from what was proven last. */
  inspect(): Promise<Found>
  /** Compares them now, and sets right what differs. */
  repair(): void
  /** Has it drain, or serve again where there is no order. */
  drain(order: DrainOrder | undefined): void
  /** Settles when the gateway has ended, after the signal that it was started with. */
  readonly ended: Promise<void>
}

/** Opens the proxy. What it throws may pass by itself: it is asked again. */
export type OpenProxy = (stop: AbortSignal) => Promise<GatewayProxy>

export type GatewaySurroundings = {
  readonly log: Logger
  readonly open: OpenProxy
  readonly onOutcome: (outcome: GatewayOutcome) => void
  readonly onDrain: (state: DrainState) => void
  readonly stop: AbortSignal
}

/** Runs one gateway: the set that was taken last is what its proxy serves, or an outcome says why not. */
export function startGateway(
  settings: LoopSettings,
  { log, open, onOutcome, onDrain, stop }: GatewaySurroundings,
): Gateway {
  const wake = new Wake()
  let wanted: Input | undefined
  /** The newest set that was tried to its end. */
  let settled: { readonly input: Input; readonly applied: AppliedSet } | undefined
  let state: GatewayState = { present: new Map(), lastGood: new Map() }
  let outcome: GatewayOutcome | undefined
  let reloads = 0
  let opened: GatewayProxy | undefined
  const drain = new Drain({
    file: settings.drainFile,
    noticeMs: settings.drainNoticeMs,
    isSettled: () => wanted === undefined || settled?.input === wanted,
    onChange: onDrain,
    log: log.child({ gateway: settings.name }),
  })

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
  const apply = async (proxy: GatewayProxy, input: Input): Promise<number> => {
    const urgent = input.urgent && proxy.takesAway(state.present, input.files)
    const waitMs = await proxy.waitMs(urgent)
    if (waitMs > 0) {
      report({ state: 'waiting', version: input.set.version, waitMs })
      return waitMs
    }
    const applied = await proxy.apply(state, input.files, urgent, stop)
    state = applied.now
    if (applied.reloaded) reloads += 1
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

  const look = async (proxy: GatewayProxy): Promise<number> => {
    const input = wanted
    if (!input) return settings.compareMs
    const known = settled
    if (known?.input === input) return compare(proxy, input, known.applied)
    if (known?.input.key === input.key) {
      // Equal bytes: nothing to do, unless something happened to them.
      const { result } = known.applied
      if (result.state === 'rejected' || (await proxy.isServed(state.present, state.lastGood))) {
        settle(input, { ...known.applied, reloaded: false })
        return settings.compareMs
      }
    }
    const refused = proxy.refusal(input.set, state.lastGood)
    if (!refused) return apply(proxy, input)
    settle(input, { now: state, reloaded: false, passing: false, result: refused })
    return settings.compareMs
  }

  /** Compares the folder and what is served with what they should be, and sets right what is not. */
  const compare = async (proxy: GatewayProxy, input: Input, { result, passing }: AppliedSet): Promise<number> => {
    state = { ...state, present: await proxy.read() }
    const served = await proxy.isServed(state.present, state.lastGood)
    const whole = result.state === 'proven' && result.attempt.quarantined.length === 0
    if (whole && served) return settings.compareMs
    if (result.state === 'proven' || passing) return apply(proxy, input)
    // The set is not to be had, and so what served before it has to stand.
    if (!served && state.lastGood.size > 0) state = (await proxy.apply(state, state.lastGood, false, stop)).now
    return settings.compareMs
  }

  const reportTrouble = (error: unknown) => {
    report({ state: 'blocked', version: wanted?.set.version ?? '', error: explainError(error) })
  }

  const run = async () => {
    const kept = await readGood(settings.good)
    const good = kept?.set.proxy === settings.proxy ? kept : undefined
    await using proxy = await openPatiently(open, settings.retryMs, reportTrouble, stop)
    if (!proxy) return
    opened = proxy
    state = { present: await proxy.read(), lastGood: new Map(Object.entries(good?.files ?? {})) }
    if (good && !wanted) take(good.set)
    const draining = drain.run(proxy, stop)
    while (!stop.aborted) {
      let againMs = settings.retryMs
      try {
        againMs = await look(proxy)
      } catch (error) {
        if (stop.aborted) break
        reportTrouble(error)
        state = { ...state, present: await proxy.read().catch(() => new Map()) }
      }
      await wake.next(againMs, stop)
    }
    await draining
  }

  const inspect = async (): Promise<Found> => {
    const known = settled
    const unclear = (error: string): Found => ({ differences: [], serves: false, error })
    if (!opened) return unclear('the proxy is not ready')
    if (!known || wanted !== known.input) return unclear('a set is on its way')
    try {
      const found = await inspectGateway(opened, state.lastGood)
      return settled === known && wanted === known.input ? found : unclear('a set is on its way')
    } catch (error) {
      return unclear(explainError(error))
    }
  }

  const ended = run().catch((err: unknown) => log.error({ err, gateway: settings.name }, 'the gateway ended'))
  return {
    take,
    status: () => ({ gateway: settings.name, outcome, reloads, drain: drain.state }),
    inspect,
    repair: () => wake.ring(),
    drain: (order) => drain.want(order),
    ended,
  }
}

/** A proxy may be installed, or its folder made, after the agent was started. */
async function openPatiently(
  open: OpenProxy,
  retryMs: number,
  onTrouble: (error: unknown) => void,
  stop: AbortSignal,
): Promise<GatewayProxy | undefined> {
  while (!stop.aborted) {
    try {
      return await open(stop)
    } catch (error) {
      onTrouble(error)
      await pause(retryMs, stop)
    }
  }
  return undefined
}
