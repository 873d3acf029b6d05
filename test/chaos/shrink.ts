/**
 * Leaves out one after the other as long as what is left still fails.
 * @param all fails
 * @param fails tries a part of it
 */
export async function shrink<T>(
  all: readonly T[],
  fails: (part: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = all
  for (const each of all) {
    const without = left.filter((other) => other !== each)
    if (without.length > 0 && (await fails(without))) left = without
  }
  return left
}
