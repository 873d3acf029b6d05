/** What may lie in the sockets of a process that stood still is read within this time. */
const readWithinMs = 50

/**
 * Resolves with the answer, or rejects if it does not come in time. A process that was stopped, or moved to another host, wakes with its
 * timers first and reads what came meanwhile after them: an answer that is there already is none that is missing.
 */
export async function answerWithin<T>(answer: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  let timer = setTimeout(() => {
    timer = setTimeout(() => reject(new Error('Query read timeout')), readWithinMs)
  }, ms)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
