/** How long to wait after failures. Times in milliseconds. */
export type Backoff = { readonly firstMs: number; readonly mostMs: number }

/**
 * The wait after the n-th failure in a row (n from 1): doubling from `firstMs` to `mostMs`, then "equal jitter": half of it and a random
 * share of the other half, so that ten thousand clients that failed together do not come back together.
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 * @param random a number in [0, 1)
 */
export function backoffMs({ firstMs, mostMs }: Backoff, failures: number, random: number): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(ceiling / 2 + (ceiling / 2) * random)
}
