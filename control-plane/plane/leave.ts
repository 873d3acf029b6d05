import type { Logger } from '#shared/logging/logger.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import { offersNow } from '../ingest/agents/session/balance.ts'
import type { Replicas } from '../replicas/keep-replicas.ts'
import { aliveForMs } from '../replicas/replica.ts'

/** Agents that take longer to find another plane are left behind; they have the grace of a plane that died. */
const handOverWithinMs = 10_000
/** A plane that has lost the store asks so many agents in one round: all within the time that their nodes have. */
const strandedAtOnce = 500

export type LeaveParts = {
  readonly replicas: Pick<Replicas, 'list' | 'others' | 'leave' | 'lookedAgoMs'>
  readonly sessions: Pick<AgentSessions, 'handOver' | 'offer' | 'figures'>
  readonly log: Logger
}

/** Hands all agents over before this plane ends, where there is another plane that serves. While it does so it goes on with everything. */
export async function leave({ replicas, sessions, log }: LeaveParts): Promise<void> {
  if (!replicas.others().some(({ state }) => state === 'serving')) return
  await replicas.leave()
  const { sessions: agents } = sessions.figures()
  if (agents === 0) return
  log.info({ agents }, 'agents are asked to go to another plane')
  const { gone, left } = await sessions.handOver(handOverWithinMs)
  log[left > 0 ? 'warn' : 'info']({ gone, left }, 'agents were handed over')
}

/**
 * Asks some agents to go to where they would rather be, if this plane has clearly more than its share; all to go elsewhere, if the others
 * must take it for dead. A job for the timetable.
 */
export function spreadAnew({ replicas, sessions, log }: LeaveParts): void {
  if (isStranded(replicas)) {
    const asked = sessions.offer(strandedAtOnce, 'leaving')
    if (asked > 0) log.warn({ asked }, 'the store does not answer: agents were asked to go to another plane')
    return
  }
  const serving = replicas.list().filter(({ alive, state }) => alive && state === 'serving')
  const self = serving.find((each) => each.self)
  if (!self) return
  const loads = serving.map(({ run, sessions }) => ({ replica: run, sessions }))
  const asked = sessions.offer(offersNow(self.run, loads))
  if (asked > 0) log.debug({ asked }, 'agents were asked to spread anew')
}

/**
 * It has not reached the store for so long that the others do not count it, and there were others. Where they have lost it too no agent is
 * welcomed there, and all stay.
 */
function isStranded(replicas: LeaveParts['replicas']): boolean {
  return replicas.lookedAgoMs > aliveForMs && replicas.others().some(({ state }) => state === 'serving')
}
