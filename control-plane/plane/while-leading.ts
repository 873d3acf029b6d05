import { fault, type Logger } from '#shared/logging/logger.ts'
import type { Lead } from '../leadership/lead.ts'

/** Something that runs only while this plane leads. */
export type WhileLeading<T> = AsyncDisposable & {
  /** Undefined: this plane does not lead, or it is about to start. */
  readonly now: () => T | undefined
}

/**
 * Starts something whenever this plane begins to lead, and ends it when that leadership ends: another leadership of ours starts it anew.
 * @param start gets the epoch, and whether this process has run without leading before
 */
export function whileLeading<T extends AsyncDisposable>(
  lead: Pick<Lead, 'epoch' | 'onChange'>,
  start: (epoch: number, takeover: boolean) => Promise<T>,
  log: Logger,
): WhileLeading<T> {
  let running: { readonly epoch: number; readonly part: T } | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let takeover = lead.epoch() === undefined
  let closed = false
  const step = async () => {
    const epoch = closed ? undefined : lead.epoch()
    if (running && running.epoch !== epoch) {
      const { part } = running
      running = undefined
      await part[Symbol.asyncDispose]()
    }
    if (epoch !== undefined && !running) running = { epoch, part: await start(epoch, takeover) }
    takeover = true
  }
  const look = () => {
    turn = turn.then(step).catch(fault(log, 'what only the leader does could not begin or end'))
  }
  const unhear = lead.onChange(look)
  look()
  return {
    now: () => (lead.epoch() === running?.epoch ? running?.part : undefined),
    async [Symbol.asyncDispose]() {
      unhear()
      closed = true
      look()
      await turn
    },
  }
}
