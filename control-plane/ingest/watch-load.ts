import type { Logger } from '#shared/logging/logger.ts'
import type { Overload } from './overload.ts'

const everyMs = 100

/**
 * Looks at how late the event loop is until disposed of, and says when it falls behind and when it keeps up again.
 * @param waitingMs for how long the oldest of what is done in turns has been waiting: the loop itself may be on time while that grows
 */
export function watchLoad(overload: Overload, log: Logger, waitingMs: () => number = () => 0): Disposable {
  let dueAt = performance.now() + everyMs
  let overloaded = false
  const timer = setInterval(() => {
    const now = performance.now()
    overload.note(Math.max(0, now - dueAt, waitingMs()), now)
    dueAt = now + everyMs
    const sheds = overload.sheds('beats')
    if (sheds !== overloaded) {
      const { counts } = overload
      if (sheds) log.warn('more comes than can be taken in: beats are passed over, then metrics; changes never are')
      else log.info({ ...counts }, 'everything is taken in again')
    }
    overloaded = sheds
  }, everyMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
