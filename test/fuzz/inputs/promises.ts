import { isDeepStrictEqual } from 'node:util'

/** Throws unless both are the same. */
export function same(one: unknown, other: unknown, what: string): void {
  if (!isEqual(one, other)) {
    throw new Error(`${what}: ${JSON.stringify(one)?.slice(0, 1_000)} is not ${JSON.stringify(other)?.slice(0, 1_000)}`)
  }
}

export function promise(kept: boolean, what: string): void {
  if (!kept) throw new Error(what)
}

function isEqual(one: unknown, other: unknown): boolean {
  try {
    return isDeepStrictEqual(one, other)
  } catch (error) {
    // What is nested without end takes more of the stack to compare than to write.
    if (error instanceof RangeError) return JSON.stringify(one) === JSON.stringify(other)
    throw error
  }
}
