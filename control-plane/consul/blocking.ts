/**
 * The index to ask a blocking query with next, by Consul's rules: one that went back means that its state was restored or lost, so
 * start over; one that is no positive number is never used.
 */
export function nextIndex(asked: number, answered: number): number {
  if (!Number.isSafeInteger(answered) || answered <= 0) return 0
  return answered < asked ? 0 : answered
}

/** How long to wait for the answer to a blocking query of `waitMs`: Consul adds up to a sixteenth to spread its clients. */
export function blockingTimeoutMs(waitMs: number): number {
  return Math.ceil(waitMs * (1 + 1 / 16)) + 5_000
}
