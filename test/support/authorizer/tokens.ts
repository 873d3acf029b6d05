import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Who issues tokens: real keys, and the set of them that others are told. */
export class TokenIssuer {
  readonly issuer = 'https://issuer.example.com'
  #keys: { readonly kid: string; readonly key: KeyObject; readonly jwk: object }[] = []
  #made = 0
  /** How often the key set was asked for. */
  asked = 0
  /** Whether the key set cannot be had. */
  broken = false

  constructor() {
    this.rotate()
  }

  /** A new key takes the place of all others. */
  rotate(): void {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.#made += 1
    this.#keys = [{ kid: `key-${this.#made}`, key: privateKey, jwk: publicKey.export({ format: 'jwk' }) }]
  }

  /** A token of the newest key, valid for an hour unless `claims` say otherwise. */
  token(claims: Readonly<Record<string, unknown>> = {}): string {
    const [newest] = this.#keys
    if (!newest) throw new Error('there is always a key')
    const seconds = Math.floor(Date.now() / 1000)
    const all = { iss: this.issuer, sub: 'user-7', aud: 'heddle', iat: seconds, exp: seconds + 3600, ...claims }
    const signed = [{ alg: 'RS256', typ: 'JWT', kid: newest.kid }, all].map(encoded).join('.')
    return `${signed}.${sign('sha256', Buffer.from(signed), newest.key).toString('base64url')}`
  }

  bearer(claims: Readonly<Record<string, unknown>> = {}): { readonly authorization: string } {
    return { authorization: `Bearer ${this.token(claims)}` }
  }

  /** Serves the key set. */
  readonly serve = (_: IncomingMessage, response: ServerResponse): void => {
    this.asked += 1
    if (this.broken) {
      response.writeHead(500).end()
      return
    }
    const keys = this.#keys.map(({ kid, jwk }) => ({ ...jwk, kid, alg: 'RS256', use: 'sig' }))
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }))
  }
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
