import { createHash, randomBytes } from 'node:crypto'

/** What an enrolment token says. Whoever has its secret may enrol a node, as far as the plane lets it. */
export type EnrolmentToken = {
  /** Names it where people see it: 10 characters of `a-z2-7`. */
  readonly id: string
  /** 32 random bytes, base64url. */
  readonly secret: string
  /** SHA-256 of the authority's SubjectPublicKeyInfo, base64url: whom the agent gives the token to, and nobody else. */
  readonly pin: string
}

export type TokenRead =
  | { readonly kind: 'read'; readonly token: EnrolmentToken }
  /** `why` is a sentence for people, and repeats nothing of the text: it may be most of a secret. */
  | { readonly kind: 'unreadable'; readonly why: string }

const version = 'hdl1'
const base32 = 'abcdefghijklmnopqrstuvwxyz234567'
const idPattern = /^[a-z2-7]{10}$/
/** No token is as long; a file that is was meant to be something else. */
const mostCharacters = 1_000

/** A new token for who trusts the authority with this pin. */
export function newToken(pin: string): EnrolmentToken {
  const id = [...randomBytes(10)].map((byte) => base32[byte & 31]).join('')
  return { id, secret: randomBytes(32).toString('base64url'), pin }
}

/** The token as one word: `hdl1.<id>.<secret>.<pin>`. */
export function tokenText({ id, secret, pin }: EnrolmentToken): string {
  return [version, id, secret, pin].join('.')
}

/** Whether a text was meant to be one of our tokens. */
export function isOurs(text: string): boolean {
  return /^\s*hdl\d/.test(text)
}

/** Reads what `tokenText` gives; blanks and line feeds around it do not matter. */
export function readToken(text: string): TokenRead {
  const word = text.slice(0, mostCharacters).trim()
  if (word === '') return unreadable('there is no token in it')
  const [first, id = '', secret = '', pin = '', ...more] = word.split('.')
  if (first !== version) {
    const newer = /^hdl\d+$/.test(first ?? '')
    return unreadable(newer ? 'it is a token of a newer version of Heddle' : `it does not begin with "${version}."`)
  }
  if (more.length > 0 || text.length > mostCharacters) return unreadable('it goes on after its fourth part')
  if (!idPattern.test(id)) return unreadable('its second part is not 10 characters of a-z and 2-7')
  if (!isDigest(secret)) return unreadable('its third part is not 43 characters of base64url: it is not copied whole')
  if (!isDigest(pin)) return unreadable('its fourth part is not 43 characters of base64url: it is not copied whole')
  return { kind: 'read', token: { id, secret, pin } }
}

/** What is kept of a secret: SHA-256, base64url. The secret is random, so nothing slower is needed. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

function unreadable(why: string): TokenRead {
  return { kind: 'unreadable', why }
}

/** Whether it is 32 bytes in base64url, written in the one way. */
function isDigest(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.length === 32 && bytes.toString('base64url') === text
}
