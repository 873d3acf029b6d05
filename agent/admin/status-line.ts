import type { AgentState } from './state.ts'

/** How the agent is, on one line, as `systemctl status` shows it. */
export function statusLineOf({ session, instances }: Pick<AgentState, 'session' | 'instances'>): string {
  const contact = {
    connected: `heard by ${session.plane}`,
    connecting: `no plane hears it (tries ${session.plane})`,
    refused: `refused by ${session.plane}${session.why === undefined ? '' : `: ${session.why}`}`,
  }
  const ill = instances.filter(({ verdict }) => verdict.health === 'critical').length
  return `${instances.length} instances${ill > 0 ? `, ${ill} critical` : ''}; ${contact[session.state]}`
}
