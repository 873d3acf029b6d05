import type { Logger } from '#shared/logging/logger.ts'
import type { AgentSessions } from '../ingest/agents/serve-agents.ts'
import { offersNow } from '../ingest/agents/session/balance.ts'
import type { Replicas } from '../replicas/keep-replicas.ts'

/** Agents that take longer to find another plane are left behind; they have the grace of a plane that died. */
const handOverWithinMs = 10_000

export type LeaveParts = {
  readonly replicas: Pick<Replicas, 'list' | 'others' | 'leave'>
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

/** Asks some agents to go to where they would rather be, if this plane has clearly more than its share; a job for the timetable. */
export function spreadAnew({ replicas, sessions, log }: LeaveParts): void {
  const serving = replicas.list().filter(({ alive, state }) => alive && state === 'serving')
  const self = serving.find((each) => each.self)
  if (!self) return
  const loads = serving.map(({ run, sessions }) => ({ replica: run, sessions }))
  const asked = sessions.offer(offersNow(self.run, loads))
  if (asked > 0) log.debug({ asked }, 'agents were asked to spread anew')
}
