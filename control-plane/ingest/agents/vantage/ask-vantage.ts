import { pause } from '#shared/lifecycle/repeat.ts'
import { type MayReach, probe } from '#shared/probe/probe.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { AgentSessions } from '../serve-agents.ts'
import type { Timed } from './timed.ts'
import { planeId, type Vantage } from './vantage.ts'

/** What an agent gets besides the check's own timeout: the way there and back. */
const wayMs = 1_500
const againAfterMs = 5
const lagMs = 500

/** Runs a check from a vantage, once. Undefined: the vantage itself did not answer. */
export async function askVantage(
  vantage: Vantage,
  check: ProbeSpec,
  sessions: Pick<AgentSessions, 'ask' | 'mayReach'>,
  stop: AbortSignal,
): Promise<Timed | undefined> {
  if (vantage.id !== planeId) return sessions.ask(vantage.id, check, check.timeoutMs + wayMs)
  const { mayReach } = sessions
  const first = await probeHere(check, stop, mayReach)
  if (first?.reason.code !== 'refused') return first
  // A server that is just being replaced refuses for a moment.
  await pause(againAfterMs, stop)
  return probeHere(check, stop, mayReach)
}

async function probeHere(
  check: ProbeSpec,
  stop: AbortSignal,
  mayReach: MayReach | undefined,
): Promise<Timed | undefined> {
  const { verdict, tookMs } = await probe(check, { signal: stop, mayReach })
  // Who was slow itself has timed nobody.
  return tookMs > check.timeoutMs + lagMs ? undefined : { ...verdict, tookMs }
}
