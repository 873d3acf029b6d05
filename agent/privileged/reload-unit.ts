import { Failure } from '#shared/failure/failure.ts'
import type { AskHelper } from '#shared/host/ask-helper.ts'

/** Longer than the helper's own patience by default. */
const mostMs = 65_000

/**
 * Has the helper reload a unit. False: there is no helper, and whoever asks does as if there were none. Throws HELPER_REFUSED with the
 * helper's words, or those of systemctl.
 */
export async function reloadUnit(ask: AskHelper, unit: string, stop: AbortSignal): Promise<boolean> {
  const answer = await ask({ verb: 'reload', unit }, mostMs, stop)
  if (answer.kind === 'absent') return false
  if (answer.kind === 'refused') throw new Failure('HELPER_REFUSED', `${unit} was not reloaded: ${answer.why}`)
  const { state, why, output } = answer.given
  if (state === 'done') return true
  const said = [why, output].filter((each) => typeof each === 'string' && each.trim() !== '').join(': ')
  throw new Failure('HELPER_REFUSED', `${unit} was not reloaded: ${said || 'systemctl failed'}`)
}
