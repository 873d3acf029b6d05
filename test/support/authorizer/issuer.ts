import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export type IssuerAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

type Pair = {
  readonly kid: string
  readonly algorithm: IssuerAlgorithm
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Who signs tokens: keys of its own, which it may change, and the key set that it publishes of them. */
export class Issuer {
  readonly name: string
  #pairs: readonly Pair[] = []

  constructor(name = 'https://issuer.test') {
    this.name = name
  }

  /** Adds a key, and signs with it from now on. */
  add(kid: string, algorithm: IssuerAlgorithm = 'ES256'): this {
    this.#pairs = [{ kid, algorithm, ...pairFor(algorithm) }, ...this.#pairs]
    return this
  }

  remove(kid: string): void {
    this.#pairs = this.#pairs.filter((pair) => pair.kid !== kid)
  }

  /** The key set (JWKS) as text. */
  keySet(extra: readonly object[] = []): string {
    const keys = this.#pairs.map(({ kid, algorithm, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
    }))
    return JSON.stringify({ keys: [...keys, ...extra] })
  }

  /** A token with these claims besides `iss`, `sub` and an `exp` in an hour; undefined takes one of them out. */
  token(claims: object = {}, { kid, header = {} }: { readonly kid?: string; readonly header?: object } = {}): string {
    const pair = this.#pairs.find((each) => kid === undefined || each.kid === kid)
    if (!pair) throw new Error(`no key ${kid}`)
    const exp = Math.floor(Date.now() / 1000) + 3_600
    const head = encoded({ alg: pair.algorithm, kid: pair.kid, typ: 'JWT', ...header })
    const signed = `${head}.${encoded({ iss: this.name, sub: 'li', exp, ...claims })}`
    return `${signed}.${signature(signed, pair).toString('base64url')}`
  }
}

export function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function pairFor(algorithm: IssuerAlgorithm) {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'ES512':
      return generateKeyPairSync('ec', { namedCurve: 'P-521' })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
  }
}

function signature(signed: string, { algorithm, privateKey: key }: Pair): Buffer {
  const digest = `sha${algorithm.slice(2)}`
  const data = Buffer.from(signed)
  if (algorithm === 'EdDSA') return sign(null, data, key)
  if (algorithm.startsWith('ES')) return sign(digest, data, { key, dsaEncoding: 'ieee-p1363' })
  // 6: PSS, with a salt as long as the digest (-1); 1: PKCS #1.
  return algorithm.startsWith('PS')
    ? sign(digest, data, { key, padding: 6, saltLength: -1 })
    : sign(digest, data, { key, padding: 1 })
}
