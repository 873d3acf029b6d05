import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * What a plane shows to another one: only who reads the store that both share knows the other's key, and the key itself does not travel.
 * @param from the run of who connects
 * @param to of whom it connects to
 */
export function proofOf(from: string, to: { readonly run: string; readonly key: string }): string {
  return createHmac('sha256', to.key).update(`${from} ${to.run}`).digest('hex')
}

export function isProof(shown: string, from: string, to: { readonly run: string; readonly key: string }): boolean {
  const expected = Buffer.from(proofOf(from, to))
  const given = Buffer.from(shown)
  return given.length === expected.length && timingSafeEqual(given, expected)
}
