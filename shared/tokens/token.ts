/** A signed token (JWS, compact) as it came, nothing of it proven yet. */
export type Token = {
  readonly algorithm: string
  readonly kid: string | undefined
  readonly claims: Claims
  /** What the signature is over. */
  readonly signed: string
  readonly signature: Buffer
}

/** What a token says. Those that are named here are of these types where they are there. */
export type Claims = Readonly<Record<string, unknown>> & {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  /** Epoch seconds. */
  readonly exp?: number
  readonly nbf?: number
}

/** Longer ones are no tokens. */
const mostLength = 32_768

/** The token of an Authorization header, such as `Bearer eyJ...`; undefined where there is none. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]+)$/.exec(authorization)?.[1]
}

/** Reads a token; undefined for everything that is none. Never throws. */
export function readToken(text: string): Token | undefined {
  if (text.length > mostLength) return undefined
  const [head = '', body = '', tail = '', ...more] = text.split('.')
  if (more.length > 0) return undefined
  const header = objectIn(head)
  const claims = objectIn(body)
  const signature = bytesIn(tail)
  if (!header || !claims || !signature || !areClaims(claims)) return undefined
  const { alg, kid, crit } = header
  // Nobody here knows an extension that a token could call critical.
  if (typeof alg !== 'string' || crit !== undefined || 'b64' in header) return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  return { algorithm: alg, kid: kid === '' ? undefined : kid, claims, signed: `${head}.${body}`, signature }
}

/**
 * The end that a token names for itself, in epoch milliseconds, unproven: good for making trust shorter, never longer. Undefined where
 * it names none, or is no token of this kind.
 */
export function endNamedIn(authorization: string): number | undefined {
  const [, body, tail, ...more] = bearerOf(authorization)?.split('.') ?? []
  if (body === undefined || tail === undefined || more.length > 0 || body.length > mostLength) return undefined
  const exp = objectIn(body)?.exp
  return isTime(exp) && exp > 0 ? exp * 1000 : undefined
}

function areClaims(claims: Readonly<Record<string, unknown>>): claims is Claims {
  const { iss, sub, jti, aud, exp, nbf, iat } = claims
  const texts = [iss, sub, jti].every((each) => each === undefined || typeof each === 'string')
  const times = [exp, nbf, iat].every((each) => each === undefined || isTime(each))
  return texts && times && (aud === undefined || typeof aud === 'string' || areTexts(aud))
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}

function objectIn(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = bytesIn(part)
  if (!bytes) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Base64url in its one form: what decodes to the same bytes but is written otherwise is another token. */
function bytesIn(part: string): Buffer | undefined {
  if (part === '') return undefined
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : undefined
}
