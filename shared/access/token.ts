import { createHash, randomBytes } from 'node:crypto'

/** What an API token says. Whoever has its secret may do what was granted to it. */
export type ApiToken = {
  /** Names it where people see it: 10 characters of `a-z2-7`. */
  readonly id: string
  /** 32 random bytes, base64url. */
  readonly secret: string
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567'
const pattern = /^(hdl[tsl]1)\.([a-z2-7]{10})\.([A-Za-z0-9_-]{43})$/

/** What proves who somebody is: `hdlt1` a token of the API, `hdls1` a session of a person, `hdll1` a link by which somebody signs in once. */
type Kind = 'hdlt1' | 'hdls1' | 'hdll1'

export function newApiToken(): ApiToken {
  const id = [...randomBytes(10)].map((byte) => base32[byte & 31]).join('')
  return { id, secret: randomBytes(32).toString('base64url') }
}

/** The token as one word: `hdlt1.<id>.<secret>`. */
export function apiTokenText({ id, secret }: ApiToken, kind: Kind = 'hdlt1'): string {
  return `${kind}.${id}.${secret}`
}

/** Reads what `apiTokenText` gives. Undefined: it is none of its kind. */
export function readApiToken(text: string, kind: Kind = 'hdlt1'): ApiToken | undefined {
  const [, found, id, secret] = pattern.exec(text) ?? []
  return found !== kind || id === undefined || secret === undefined ? undefined : { id, secret }
}

/** What is kept of a secret: SHA-256, base64url. The secret is random, so nothing slower is needed. */
export function apiSecretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
