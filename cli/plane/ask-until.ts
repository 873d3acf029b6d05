import { Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Deadline } from '../deadline.ts'

const pollEveryMs = 200

export type Patience = { readonly deadline: Deadline; readonly stop: AbortSignal }

/** The last answer, and whether it is what was waited for; undefined: there was none, for the reason in `trouble`. */
export type Asked<V> = { readonly answer: V; readonly enough: boolean } | { readonly trouble: unknown }

/** Asks a plane again and again until its answer is enough or the time is over. One that is away meanwhile is asked again. */
export async function askUntil<V>(
  ask: () => Promise<V>,
  isEnough: (answer: V) => boolean,
  { deadline, stop }: Patience,
): Promise<Asked<V>> {
  let last: Asked<V> = { trouble: undefined }
  do {
    try {
      const answer = await ask()
      last = { answer, enough: isEnough(answer) }
      if (last.enough) return last
    } catch (error) {
      if (stop.aborted || !(error instanceof Failure) || !error.retryable) throw error
      if ('trouble' in last) last = { trouble: error }
    }
    await pause(Math.min(pollEveryMs, deadline.leftMs()), stop)
  } while (deadline.leftMs() > 1 && !stop.aborted)
  stop.throwIfAborted()
  return last
}
