import type { RestartOutcome } from '#shared/protocol/orders.ts'
import { mostOutput } from '#shared/protocol/orders.ts'
import { type Ended, runCommand } from '../checks/run-command.ts'
import type { Restartable } from './config.ts'

/** Has somebody with more rights restart a unit; undefined: nobody is there. Never rejects. */
export type RestartUnit = (
  unit: string,
  timeoutMs: number,
  stop: AbortSignal,
) => Promise<Omit<RestartOutcome, 'tookMs'> | undefined>

/**
 * Restarts something that the host allows, to its end or its timeout; never rejects.
 * @param restartUnit is asked first for units
 */
export async function runRestart(
  { unit, command = [], timeout }: Restartable,
  systemctl: string,
  stop: AbortSignal,
  restartUnit?: RestartUnit,
): Promise<RestartOutcome> {
  const run = unit === undefined ? command : [systemctl, 'restart', unit]
  const begun = performance.now()
  const byOther = unit === undefined ? undefined : await restartUnit?.(unit, timeout, stop)
  if (byOther) return { ...byOther, tookMs: Math.round(performance.now() - begun) }
  const ended = await runCommand(run, timeout, stop, { keep: 'end', leaveBehind: true })
  return { ...outcomeOf(ended, timeout), tookMs: Math.round(performance.now() - begun) }
}

function outcomeOf(ended: Ended, timeoutMs: number): Omit<RestartOutcome, 'tookMs'> {
  switch (ended.kind) {
    case 'ended': {
      const output = lastOf(ended.output)
      return { state: ended.code === 0 ? 'done' : 'failed', code: ended.code, output }
    }
    case 'killed':
      return { state: 'failed', why: `ended by ${ended.signal}`, output: lastOf(ended.output) }
    case 'timeout':
      return { state: 'timed-out', why: `ended by force after ${timeoutMs} ms`, output: lastOf(ended.output) }
    case 'not-started':
      return { state: 'failed', why: `could not be started: ${ended.error}`, output: '' }
    case 'given-up':
      return { state: 'interrupted', why: 'the agent ended while it ran', output: '' }
  }
}

/** The last lines that fit. */
function lastOf(output: string): string {
  const text = output.toWellFormed().trimEnd()
  if (text.length <= mostOutput) return text
  const end = text.slice(-mostOutput)
  return end.slice(end.indexOf('\n') + 1).toWellFormed()
}
