import type { Told } from './fuzz-in-thread.ts'

/** What came of a target's inputs; of one that broke a promise, how to see it again. */
export function describeFuzzed({ target, ms, counts, grewBytes, found }: Told): string {
  const { taken, refused } = counts
  const each = (1_000 * ms) / Math.max(1, taken + refused)
  const sums = `${taken} taken, ${refused} refused in ${(ms / 1000).toFixed(1)} s (${each.toFixed(0)} µs each)`
  if (!found) return `${target}: ${sums}, ${(grewBytes / 1024 ** 2).toFixed(1)} MiB more in use`
  const { seed, path, input, problem } = found
  const again = `npm run fuzz -- --target ${target} --seed ${seed}${path === '' ? '' : ` --path ${path}`}`
  return `${target} breaks a promise: ${problem}\n  by ${input}\n  ${again}`
}
