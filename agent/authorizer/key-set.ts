import { createPublicKey, type KeyObject } from 'node:crypto'
import { type KeyShape, keyFits } from './algorithm.ts'

/** A key that can prove signatures. */
export type Key = {
  readonly kid: string | undefined
  /** The only algorithm that it is for; undefined: any that fits it. */
  readonly algorithm: string | undefined
  readonly shape: KeyShape
  readonly key: KeyObject
}

export type KeySet = {
  readonly keys: readonly Key[]
  /** So many entries are of no use here: secrets, keys for encryption, unknown or weak ones. */
  readonly passedOver: number
}

const mostKeys = 100
/** So many keys are tried for one token. */
const mostTried = 8
const leastRsaBits = 2048

/** Reads a key set (JWKS); undefined where the text is none or has no key of use. Never throws. */
export function readKeySet(text: string): KeySet | undefined {
  const entries = entriesIn(text)
  if (!entries) return undefined
  const keys = entries.slice(0, mostKeys).flatMap((entry) => readKey(entry) ?? [])
  return keys.length > 0 ? { keys, passedOver: entries.length - keys.length } : undefined
}

/** The keys that may have signed a token, those first that it names. */
export function candidates(
  { keys }: KeySet,
  { algorithm, kid }: { readonly algorithm: string; readonly kid: string | undefined },
): readonly Key[] {
  return keys
    .filter((key) => key.algorithm === undefined || key.algorithm === algorithm)
    .filter((key) => kid === undefined || key.kid === undefined || key.kid === kid)
    .filter(({ shape }) => keyFits(shape, algorithm))
    .toSorted((a, b) => Number(b.kid === kid) - Number(a.kid === kid))
    .slice(0, mostTried)
}

/** Whether a key set has the very key that a token names. */
export function names({ keys }: KeySet, kid: string | undefined): boolean {
  return kid !== undefined && keys.some((key) => key.kid === kid)
}

function entriesIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('keys' in value)) return undefined
    return Array.isArray(value.keys) ? value.keys : undefined
  } catch {
    return undefined
  }
}

function readKey(entry: unknown): Key | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { kid, alg, use, key_ops: operations } = entry as Readonly<Record<string, unknown>>
  if (use !== undefined && use !== 'sig') return undefined
  if (Array.isArray(operations) && !operations.includes('verify')) return undefined
  const key = publicKey(entry as Readonly<Record<string, unknown>>)
  const shape = key && shapeOf(key)
  if (!key || !shape) return undefined
  return {
    kid: typeof kid === 'string' && kid !== '' ? kid : undefined,
    algorithm: typeof alg === 'string' && alg !== '' ? alg : undefined,
    shape,
    key,
  }
}

/** Only its public part, whatever else is told. */
function publicKey({ kty, n, e, crv, x, y }: Readonly<Record<string, unknown>>): KeyObject | undefined {
  const texts = (parts: Readonly<Record<string, unknown>>) =>
    Object.values(parts).every((part) => typeof part === 'string') ? (parts as Record<string, string>) : undefined
  const jwk = kty === 'RSA' ? texts({ kty, n, e }) : kty === 'EC' ? texts({ kty, crv, x, y }) : texts({ kty, crv, x })
  if (!jwk) return undefined
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

const curves: Readonly<Record<string, KeyShape>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

function shapeOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): KeyShape | undefined {
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= leastRsaBits ? 'RSA' : undefined
  if (type === 'ec') return curves[details?.namedCurve ?? '']
  return type === 'ed25519' ? 'Ed25519' : undefined
}
