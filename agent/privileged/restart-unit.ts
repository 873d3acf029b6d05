import * as z from 'zod/mini'
import type { AskHelper } from '#shared/host/ask-helper.ts'
import { RestartOutcome } from '#shared/protocol/orders.ts'

/** What the helper needs besides the time that the restart has. */
const slackMs = 5_000

const Given = z.pick(RestartOutcome, { state: true, code: true, why: true, output: true })

/** Has the helper restart a unit. Undefined: there is no helper. Never rejects. */
export async function restartUnit(
  ask: AskHelper,
  unit: string,
  timeoutMs: number,
  stop: AbortSignal,
): Promise<Omit<RestartOutcome, 'tookMs'> | undefined> {
  const answer = await ask({ verb: 'restart', unit }, timeoutMs + slackMs, stop)
  if (answer.kind === 'absent') return undefined
  if (stop.aborted) return { state: 'interrupted', why: 'the agent ended while it ran', output: '' }
  if (answer.kind === 'refused') return { state: 'failed', why: `the helper: ${answer.why}`.slice(0, 500), output: '' }
  const { output, ...said } = answer.given
  const read = z.safeParse(Given, { ...said, output: lastOf(output) })
  return read.success ? read.data : { state: 'failed', why: 'the helper says what the agent does not know', output: '' }
}

function lastOf(output: unknown): string {
  return typeof output === 'string' ? output.toWellFormed().slice(-4_000).toWellFormed().trimEnd() : ''
}
