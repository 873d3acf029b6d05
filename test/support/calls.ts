import type { CallAnswer } from '#shared/client/client.ts'
import { explainError } from '#shared/failure/failure.ts'

/** One call and how it ended. Times in milliseconds of this process's steady clock. */
export type Called = {
  readonly at: number
  readonly tookMs: number
  /** Who answered; undefined: nobody did. */
  readonly cluster: string | undefined
  /** On how many instances it was tried. */
  readonly attempts: number
  readonly error: string | undefined
}

export type Calls = AsyncDisposable & {
  /** Those that have ended, in the order in which they did. */
  readonly ended: readonly Called[]
  /** Sends no more and waits for those on their way. */
  readonly stop: () => Promise<readonly Called[]>
}

/** Calls at a fixed rate, however long they take to be answered; a status of 500 and above counts as failed. */
export function driveCalls(call: () => Promise<CallAnswer>, perSecond: number): Calls {
  const ended: Called[] = []
  const onTheirWay = new Set<Promise<void>>()
  const startedAt = performance.now()
  let sent = 0
  const one = async () => {
    const at = performance.now()
    const end = (outcome: Pick<Called, 'cluster' | 'attempts' | 'error'>) =>
      ended.push({ at, tookMs: performance.now() - at, ...outcome })
    try {
      const { status, taken } = await call()
      const attempts = taken.attempts.length
      if (status >= 500) end({ cluster: undefined, attempts, error: `status ${status}` })
      else end({ cluster: taken.attempts.at(-1)?.cluster, attempts, error: undefined })
    } catch (error) {
      end({ cluster: undefined, attempts: 0, error: explainError(error) })
    }
  }
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
    for (; sent < due; sent += 1) {
      const calling: Promise<void> = one().finally(() => onTheirWay.delete(calling))
      onTheirWay.add(calling)
    }
  }, 5)
  const stop = async () => {
    clearInterval(timer)
    await Promise.all(onTheirWay)
    return ended
  }
  return {
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}
