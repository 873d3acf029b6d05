import { tamed } from '#shared/probe/words.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { Ended } from './run-command.ts'

const unknown: Verdict = { health: 'unknown', reason: reason('no_verdict') }

/** What the end of a command says, as Nagios and Consul agreed: 0 passing, 1 warning, anything else critical. */
export function commandVerdict(ended: Ended): Verdict {
  switch (ended.kind) {
    case 'ended':
      return ended.code === 0
        ? { health: 'passing', reason: reason('ok') }
        : { health: ended.code === 1 ? 'warning' : 'critical', reason: exited(String(ended.code)) }
    case 'killed':
      return { health: 'critical', reason: exited(ended.signal) }
    case 'timeout':
      return { health: 'critical', reason: reason('timeout') }
    case 'not-started':
      return { health: isOwnTrouble(ended.error) ? 'unknown' : 'critical', reason: notStarted(ended.error) }
    case 'given-up':
      return unknown
  }
}

/** The first line that it wrote, for people: it is no part of the reason, since it may differ each time. */
export function saidBy(ended: Ended): string | undefined {
  if (!('output' in ended)) return undefined
  const line = ended.output
    .split('\n')
    .map((line) => tamed(line, 200))
    .find((line) => line !== '')
  return line
}

/** Not allowed on this host: nothing is learned of the service. */
export const notAllowed: Verdict = { health: 'unknown', reason: reason('not_started', { error: 'not allowed here' }) }

function exited(status: string) {
  return reason('exit_status', { status })
}

function notStarted(error: string) {
  return reason('not_started', { error })
}

/** The agent's or the host's own trouble says nothing of the service. */
function isOwnTrouble(error: string): boolean {
  return ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM'].includes(error)
}
