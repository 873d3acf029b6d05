import type { Claims } from '#shared/tokens/token.ts'

/** Clocks differ by at most this; the same as in Envoy. */
export const leewayMs = 60_000

export type ClaimRule = { readonly issuer: string; readonly audiences: readonly string[] }

/** Why the claims of a token do not fit; undefined: they fit. @param now epoch milliseconds */
export function faultOf(claims: Claims, { issuer, audiences }: ClaimRule, now: number): string | undefined {
  const { iss, aud, nbf = 0 } = claims
  const seconds = Math.floor(now / 1000)
  if (iss !== issuer) return 'issuer'
  if (audiences.length > 0 && !meets(aud, audiences)) return 'audience'
  if (seconds + leewayMs / 1000 < nbf) return 'not yet valid'
  const end = endOf(claims)
  return end !== undefined && now >= end ? 'expired' : undefined
}

/** When a token ends, leeway and all, in epoch milliseconds; undefined: never. */
export function endOf({ exp = 0 }: Claims): number | undefined {
  // The second that is named still counts.
  return exp > 0 ? Math.floor(exp) * 1000 + leewayMs + 1000 : undefined
}

function meets(aud: Claims['aud'], audiences: readonly string[]): boolean {
  const named = typeof aud === 'string' ? [aud] : (aud ?? [])
  const wanted = new Set(audiences.map(plainAudience))
  return named.some((each) => wanted.has(plainAudience(each)))
}

/** `https://api.example.com/` and `api.example.com` are the same to Envoy, and so to us. */
function plainAudience(text: string): string {
  return text.replace(/^https?:\/\//, '').replace(/\/$/, '')
}
