import { setTimeout as wait } from 'node:timers/promises'

/** How a loop is paced. Times in milliseconds. */
export type Pace = {
  readonly everyMs: number
  /** The wait after the n-th failure in a row, n from 1. */
  readonly afterFailureMs: (failures: number) => number
}

/** Does `step` again and again until `stop` is signalled. One bad step never ends the loop. */
export async function repeat(
  step: (stop: AbortSignal) => Promise<void>,
  pace: Pace,
  onFailure: (error: unknown) => void,
  stop: AbortSignal,
): Promise<void> {
  let failures = 0
  while (!stop.aborted) {
    try {
      await step(stop)
      failures = 0
    } catch (error) {
      if (stop.aborted) return
      failures += 1
      onFailure(error)
    }
    await pause(failures === 0 ? pace.everyMs : pace.afterFailureMs(failures), stop)
  }
}

/** Longer waits make Node's timers fire at once. In milliseconds: 24.8 days. */
export const longestWaitMs = 2 ** 31 - 1

/** Waits `ms` milliseconds (at most `longestWaitMs`), or until `stop` is signalled; never rejects. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await wait(Math.min(ms, longestWaitMs), undefined, { signal: stop }).catch(() => {})
}
