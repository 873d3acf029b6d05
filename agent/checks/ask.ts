import type { MayReach } from '#shared/probe/judged-lookup.ts'
import { type Connection, type ProbeResult, probe } from '#shared/probe/probe.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { Finding } from './judge.ts'
import type { Lag } from './lag.ts'
import { within } from './within.ts'

export type Asking = {
  readonly keepConnection: boolean
  readonly lag: Lag
  readonly stop: AbortSignal
  /** A probe has waited for half its time: whatever else we hold open there may be what it waits for. */
  readonly onHang: () => void
  /** Where it may connect to; left out: anywhere, as this host's own configuration says. */
  readonly mayReach?: MayReach
}

export type Found = Finding & {
  readonly tookMs: number
  readonly connection?: Connection
  /** The first connection went unanswered while a second one was answered. */
  readonly blocked: boolean
  /** What it said for people, where the reason must not hold it. */
  readonly said?: string | undefined
}

const againAfterMs = 5
const afterResetMs = 1
const mostResets = 2
const mostVoid = 3

/**
 * Runs a check once, with the second look that its result needs: refused is asked again after 5 ms, a hang is joined by a second
 * probe at half the timeout, and a timeout while this process itself was late is void and repeated.
 */
export async function ask(spec: ProbeSpec, asking: Asking): Promise<Found> {
  for (let tried = 1; ; tried += 1) {
    const endWatch = asking.lag.watch()
    const found = await askOnce(spec, asking)
    const lateMs = endWatch()
    if (found.verdict.reason.code !== 'timeout' || lateMs <= spec.timeoutMs / 4 || asking.stop.aborted) return found
    if (tried >= mostVoid) return { ...found, verdict: { health: 'unknown', reason: reason('no_verdict') } }
  }
}

async function askOnce(spec: ProbeSpec, asking: Asking): Promise<Found> {
  const { keepConnection, stop, mayReach } = asking
  const startedAt = performance.now()
  const enough = new AbortController()
  const giveUp = () => enough.abort()
  stop.addEventListener('abort', giveUp, { once: true })
  const first = probe(spec, { keepConnection, signal: enough.signal, mayReach })
  const early = await within(first, spec.timeoutMs / 2)
  if (early !== undefined) {
    stop.removeEventListener('abort', giveUp)
    return settle(spec, early, asking)
  }

  asking.onHang()
  const leftMs = Math.max(1, spec.timeoutMs - (performance.now() - startedAt))
  const second = probe({ ...spec, timeoutMs: leftMs }, { signal: enough.signal, mayReach })
  const answer = await firstAnswer(first, second)
  giveUp()
  stop.removeEventListener('abort', giveUp)
  const late = await first
  if (answer !== late) late.connection?.close()
  const tookMs = performance.now() - startedAt
  if (answer === undefined) {
    const verdict = { health: 'critical', reason: reason('timeout') } as const
    // Given up, not unanswered.
    if (stop.aborted) return { ...unknown, tookMs }
    return { verdict, decisive: true, tookMs, blocked: false }
  }
  const settled = await settle(spec, answer, asking)
  const blocked = answer !== late && settled.verdict.reason.code !== 'refused'
  return { ...settled, tookMs, blocked }
}

const unknown: Omit<Found, 'tookMs'> = {
  verdict: { health: 'unknown', reason: reason('no_verdict') },
  decisive: false,
  blocked: false,
}

/** Refused twice, 5 ms apart, leaves no doubt. A process that dies resets connections just before its port refuses them. */
async function settle(spec: ProbeSpec, result: ProbeResult, { stop, mayReach }: Asking): Promise<Found> {
  let last = result
  let refusals = 0
  for (let resets = 0; ; ) {
    const { code } = last.verdict.reason
    if (code === 'refused') refusals += 1
    else if (code === 'reset') resets += 1
    if (refusals === 2) return found(last, true)
    if ((code !== 'refused' && code !== 'reset') || resets > mostResets || stop.aborted) {
      // Another service on this port is no blip: what is sent there goes astray.
      return found(last, code === 'identity_mismatch')
    }
    // Refused is looked at twice, apart; a reset only until the port has made up its mind.
    const waitMs = code === 'reset' && resets === 1 ? afterResetMs : againAfterMs
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    last = await probe(spec, { signal: stop, mayReach })
  }
}

function found({ verdict, tookMs, connection }: ProbeResult, decisive: boolean): Found {
  const base = { verdict, decisive, tookMs, blocked: false }
  return connection === undefined ? base : { ...base, connection }
}

/** The first of two probes that is answered; undefined if none is. */
async function firstAnswer(a: Promise<ProbeResult>, b: Promise<ProbeResult>): Promise<ProbeResult | undefined> {
  return new Promise((resolve) => {
    let open = 2
    const look = (result: ProbeResult) => {
      open -= 1
      if (isAnswer(result)) resolve(result)
      else if (open === 0) resolve(undefined)
    }
    void a.then(look)
    void b.then(look)
  })
}

function isAnswer({ verdict }: ProbeResult): boolean {
  const { code } = verdict.reason
  return code !== 'timeout' && code !== 'reset' && code !== 'no_verdict'
}
