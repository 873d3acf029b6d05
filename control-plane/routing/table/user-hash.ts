import type { RouteTable } from '../table.ts'

// Each kind of proxy has one way to turn a text into a place, and no other: the same user may be on different sides of an Envoy and of an
// Nginx, but always on the same one of each kind, wherever it runs.

/** Whether a user is one of so many of a thousand, as a proxy of this kind sees it. Whoever is stays so when `permille` rises. */
export function isAmong(permille: number, user: string, proxy: RouteTable['proxy']): boolean {
  const bytes = Buffer.from(user)
  return proxy === 'envoy'
    ? Number(xxHash64(bytes) % 1000n) < permille
    : murmurHash2(bytes) < Math.floor((permille * 10 * 0xff_ff_ff_ff) / 10_000)
}

/** As Nginx's split_clients has it. */
export function murmurHash2(bytes: Buffer): number {
  const m = 0x5b_d1_e9_95
  let hash = bytes.length
  let at = 0
  for (; bytes.length - at >= 4; at += 4) {
    let word = Math.imul(bytes.readUInt32LE(at), m)
    word = Math.imul(word ^ (word >>> 24), m)
    hash = Math.imul(hash, m) ^ word
  }
  const left = bytes.length - at
  if (left > 0) hash = Math.imul(hash ^ bytes.readUIntLE(at, left), m)
  hash = Math.imul(hash ^ (hash >>> 13), m)
  return (hash ^ (hash >>> 15)) >>> 0
}

const primes = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const
const [p1, p2, p3, p4, p5] = primes

const cut = (value: bigint) => BigInt.asUintN(64, value)
const rotated = (value: bigint, by: bigint) => cut((value << by) | (value >> (64n - by)))
const round = (sum: bigint, word: bigint) => cut(rotated(cut(sum + word * p2), 31n) * p1)
const merged = (hash: bigint, sum: bigint) => cut((hash ^ round(0n, sum)) * p1 + p4)

/** As Envoy's hash policies have it: seed 0. */
export function xxHash64(bytes: Buffer): bigint {
  let at = 0
  let hash: bigint = p5
  if (bytes.length >= 32) {
    let sums: readonly [bigint, bigint, bigint, bigint] = [cut(p1 + p2), p2, 0n, cut(-p1)]
    for (; bytes.length - at >= 32; at += 32) {
      const [a, b, c, d] = sums
      sums = [
        round(a, bytes.readBigUInt64LE(at)),
        round(b, bytes.readBigUInt64LE(at + 8)),
        round(c, bytes.readBigUInt64LE(at + 16)),
        round(d, bytes.readBigUInt64LE(at + 24)),
      ]
    }
    const [a, b, c, d] = sums
    hash = cut(rotated(a, 1n) + rotated(b, 7n) + rotated(c, 12n) + rotated(d, 18n))
    for (const sum of sums) hash = merged(hash, sum)
  }
  hash = cut(hash + BigInt(bytes.length))
  for (; bytes.length - at >= 8; at += 8) {
    hash = cut(rotated(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4)
  }
  if (bytes.length - at >= 4) {
    hash = cut(rotated(hash ^ cut(BigInt(bytes.readUInt32LE(at)) * p1), 23n) * p2 + p3)
    at += 4
  }
  for (; at < bytes.length; at += 1) hash = cut(rotated(hash ^ cut(BigInt(bytes.readUInt8(at)) * p5), 11n) * p1)
  hash = cut((hash ^ (hash >> 33n)) * p2)
  hash = cut((hash ^ (hash >> 29n)) * p3)
  return hash ^ (hash >> 32n)
}
