import { constants, type VerifyKeyObjectInput } from 'node:crypto'

/** What kind of key it is, as far as algorithms ask. */
export type KeyShape = 'RSA' | 'P-256' | 'P-384' | 'P-521' | 'Ed25519'

type Algorithm = {
  readonly shape: KeyShape
  /** null: the algorithm has its own. */
  readonly digest: 'sha256' | 'sha384' | 'sha512' | null
  readonly options: Omit<VerifyKeyObjectInput, 'key'>
}

const pkcs1 = { padding: constants.RSA_PKCS1_PADDING }
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
const ecdsa = { dsaEncoding: 'ieee-p1363' } as const

/** Those that are taken: no `none`, and none whose secret both sides would share. */
const algorithms: ReadonlyMap<string, Algorithm> = new Map([
  ['RS256', { shape: 'RSA', digest: 'sha256', options: pkcs1 }],
  ['RS384', { shape: 'RSA', digest: 'sha384', options: pkcs1 }],
  ['RS512', { shape: 'RSA', digest: 'sha512', options: pkcs1 }],
  ['PS256', { shape: 'RSA', digest: 'sha256', options: pss }],
  ['PS384', { shape: 'RSA', digest: 'sha384', options: pss }],
  ['PS512', { shape: 'RSA', digest: 'sha512', options: pss }],
  ['ES256', { shape: 'P-256', digest: 'sha256', options: ecdsa }],
  ['ES384', { shape: 'P-384', digest: 'sha384', options: ecdsa }],
  ['ES512', { shape: 'P-521', digest: 'sha512', options: ecdsa }],
  ['EdDSA', { shape: 'Ed25519', digest: null, options: {} }],
])

/** By the name that tokens carry; undefined: not taken. */
export function algorithmOf(name: string): Algorithm | undefined {
  return algorithms.get(name)
}

export function keyFits(shape: KeyShape, algorithm: string): boolean {
  return algorithms.get(algorithm)?.shape === shape
}
