/** What the store answers to a claim: who leads now. */
export type Answer = {
  readonly run: string
  readonly holder: string
  readonly epoch: number
  /** Milliseconds by the store's clock; 0 or less: it has ended. */
  readonly leftMs: number
}

/** A leadership of ours, for as long as we may rely on it. */
export type Lease = {
  readonly epoch: number
  /** By our own monotonic clock, milliseconds. From then on another one may lead. */
  readonly until: number
}

export type Claim = { readonly run: string; readonly forMs: number }

/**
 * How much earlier than the store we take our leadership for ended: what is decided just before the end must have been sent by then, and
 * clocks do not run at quite the same speed.
 */
export const marginMs = 500

/**
 * What an answer makes of the lease that we had. The store counted from when it did as it was asked, which was after it was asked: counted
 * from before the question, our lease never outlasts the store's.
 * @param askedAt by our monotonic clock, before the question left
 */
export function leaseAfter(answer: Answer, { run, forMs }: Claim, askedAt: number): Lease | undefined {
  if (answer.run !== run || answer.leftMs <= 0) return undefined
  return { epoch: answer.epoch, until: askedAt + forMs - marginMs }
}

/** Whether we may act as the leader at this moment. */
export function leads(lease: Lease | undefined, now: number): lease is Lease {
  return lease !== undefined && now < lease.until
}

/** Soon enough after the end of another one's leadership to be the next. */
const afterEndMs = 20

/**
 * When to claim again: regularly while it is ours, and when the one of another ends.
 * @param answer undefined: there has been none
 */
export function nextClaimMs(
  answer: Answer | undefined,
  { run, everyMs }: { readonly run: string; readonly everyMs: number },
): number {
  if (!answer || answer.run === run) return everyMs
  return Math.min(everyMs, Math.max(0, answer.leftMs) + afterEndMs)
}

/** Clocks tell whole milliseconds, and do not run at quite the same speed; a renewal adds far more. */
const jitterMs = 10

/**
 * Whether a leadership was renewed between two answers: its holder was alive then.
 * @param betweenMs by our own clock, from when the first one came to when the second was asked for
 */
export function isRenewed(before: Answer, after: Answer, betweenMs: number): boolean {
  return before.run === after.run && before.epoch === after.epoch && after.leftMs > before.leftMs - betweenMs + jitterMs
}
