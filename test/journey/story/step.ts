import type { Landscape } from '#test/support/landscape/landscape.ts'

/** One step of the story. It rejects if what its title says does not hold. */
export type Step = {
  /** Finishes the sentence "it is true that ...". */
  readonly title: string
  /** Resolves with what was measured, for people. */
  readonly run: (landscape: Landscape) => Promise<string>
}

/** Rejects with `message` unless `held`. */
export function hold(held: boolean, message: string): void {
  if (!held) throw new Error(message)
}

/** A clock that starts now; tells milliseconds since then. */
export function stopwatch(): () => number {
  const start = performance.now()
  return () => performance.now() - start
}

/** `43 ms`, `2.1 s` */
export function spell(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
