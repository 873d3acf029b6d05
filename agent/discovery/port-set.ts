import * as z from 'zod/mini'

/** Ports from `first` to `last`, both included. */
export type PortRange = { readonly first: number; readonly last: number }

const expected = 'expected a port or a range such as 8080 or "8000-8999"'

/** One entry of a list of ports: a number, or a text such as "8080" or "8000-8999". */
export function portRange() {
  return z.pipe(
    z
      .union([z.int(), z.string()], { error: expected })
      .check(z.refine((value) => parsePortRange(value) !== undefined, { error: expected })),
    z.transform((value) => parsePortRange(value) ?? { first: 0, last: 0 }),
  )
}

export function parsePortRange(value: number | string): PortRange | undefined {
  const match = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(String(value))
  if (!match) return undefined
  const first = Number(match[1])
  const last = match[2] === undefined ? first : Number(match[2])
  return first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined
}

export function includesPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ first, last }) => port >= first && port <= last)
}

/** Every port of the ranges once, in order. */
export function portsOf(ranges: readonly PortRange[]): readonly number[] {
  const ports = new Set<number>()
  for (const { first, last } of ranges) for (let port = first; port <= last; port += 1) ports.add(port)
  return [...ports].sort((a, b) => a - b)
}

/** The list in parts of at most `size`. */
export function batchesOf<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const batches: (readonly T[])[] = []
  for (let start = 0; start < all.length; start += size) batches.push(all.slice(start, start + size))
  return batches
}
