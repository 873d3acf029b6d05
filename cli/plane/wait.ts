import { Failure } from '#shared/failure/failure.ts'
import { pause } from '#shared/lifecycle/repeat.ts'
import type { Deadline } from '../deadline.ts'
import type { Plane } from './plane.ts'
import { type Proof, proofOf } from './proof.ts'

const pollEveryMs = 200
/** One poll that hangs must not eat the whole time. */
const mostPollMs = 5_000

export type WaitOptions = {
  readonly deadline: Deadline
  readonly stop: AbortSignal
  readonly onProgress: (proof: Proof) => void
}

/**
 * Waits until every sink that applies changes has proven `revision`. A plane that is away meanwhile is asked again. Throws
 * WAIT_FROZEN when only frozen sinks are missing and WAIT_TIMED_OUT when the deadline passes, each naming the sinks.
 */
export async function waitForProof(plane: Plane, revision: number, options: WaitOptions): Promise<Proof> {
  const { deadline, stop, onProgress } = options
  let last: Proof | undefined
  let trouble: unknown
  do {
    try {
      last = proofOf(await plane.status(mostPollMs), revision)
      trouble = undefined
      onProgress(last)
      if (last.waiting.length === 0) return complete(last)
    } catch (error) {
      if (stop.aborted || !(error instanceof Failure) || !error.retryable) throw error
      // The last poll is cut off by the deadline: that says nothing about the plane.
      if (!last || deadline.leftMs() > 1) trouble = error
    }
    await pause(Math.min(pollEveryMs, deadline.leftMs()), stop)
  } while (deadline.leftMs() > 0 && !stop.aborted)
  stop.throwIfAborted()
  throw timedOut(revision, deadline, last, trouble)
}

function complete(proof: Proof): Proof {
  if (proof.frozen.length === 0) return proof
  throw new Failure('WAIT_FROZEN', `revision ${proof.revision} is not shown by ${names(proof.frozen)}`, {
    cause: new Error('frozen by an operator'),
  })
}

function timedOut(revision: number, deadline: Deadline, last: Proof | undefined, trouble: unknown): Failure {
  const seconds = Math.round(deadline.totalMs / 100) / 10
  const what = last ? names([...last.waiting, ...last.frozen]) : 'the sinks, of which nothing was heard'
  const cause = trouble ?? new Error(last?.waiting.map(standing).join('\n'))
  return new Failure('WAIT_TIMED_OUT', `after ${seconds} s revision ${revision} is not proven by ${what}`, { cause })
}

function standing({ name, state, proven }: Proof['waiting'][number]): string {
  return `${name} is ${state}, ${proven === null ? 'nothing proven yet' : `proven ${proven.revision}`}`
}

function names(sinks: Proof['waiting']): string {
  return sinks.map(({ name }) => name).join(', ')
}
