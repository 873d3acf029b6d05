import { permissionsIn } from './permissions.ts'

/** What a service answered that was asked about a token. */
export type VerifyAnswer = { readonly status: number; readonly body: Buffer; readonly truncated: boolean }

/** What its answer says. verify-answers.yaml has every form that is understood. */
export type Verdict =
  | {
      readonly kind: 'valid'
      readonly subject: string | undefined
      readonly permissions: ReadonlySet<string>
      /** When it says that the token ends, in epoch milliseconds. */
      readonly endsAt: number | undefined
    }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'forbidden' }
  /** It cannot be told from this; what is not understood never lets anybody pass. */
  | { readonly kind: 'unclear'; readonly why: string }

/** Reads the answer of a verify call. Never throws. @param claim the key that lists permissions */
export function readVerifyAnswer({ status, body, truncated }: VerifyAnswer, claim: string): Verdict {
  if (status === 400 || status === 401 || status === 422) return { kind: 'invalid' }
  if (status === 403) return { kind: 'forbidden' }
  if (status < 200 || status > 299) return unclear(`status ${status}`)
  if (truncated) return unclear('its answer is too long')
  const text = body
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trim()
  if (text === '') return valid({}, claim)
  const json = parse(text)
  if (json === undefined) return byWord(text, claim)
  return isObject(json) ? readObject(json, claim) : byWord(json, claim)
}

type Fields = Readonly<Record<string, unknown>>
type Meaning = 'good' | 'bad' | 'trouble' | 'unknown'

/** The keys by which a verdict is told, also in what is wrapped; */
const innerKeys = ['valid', 'is_valid', 'isValid', 'active', 'authenticated', 'authorized', 'allowed'] as const
/** and outside only, since within they may be about the user. */
const outerKeys = [...innerKeys, 'success', 'ok', 'code', 'status'] as const
/** The keys under which what is known of the user lies, the innermost that is there first. */
const wrappers = ['data', 'result', 'payload', 'claims', 'user', 'user_info', 'userInfo'] as const
const subjectKeys = ['user_id', 'userId', 'uid', 'sub', 'id', 'username', 'user_name', 'name', 'email'] as const
const endKeys = ['exp', 'expires_at', 'expiresAt', 'token_expires'] as const

function readObject(json: Fields, claim: string): Verdict {
  const levels = levelsOf(json)
  const [outer = {}, inner = {}] = levels
  const verdicts = [...meanings(outer, outerKeys), ...meanings(inner, innerKeys)]
  const faults = [outer, inner].flatMap(({ error, errors }) => [error, errors]).filter(isSaid)
  if (verdicts.includes('trouble')) return unclear('it says that it has failed itself')
  if (verdicts.includes('bad') || faults.length > 0) return { kind: 'invalid' }
  if (verdicts.includes('unknown')) return unclear('its word is not known')
  const said = verdicts.length > 0 || levels.some((level) => subjectOf(level) !== undefined)
  return said ? valid(json, claim) : unclear('it says neither yes nor no')
}

function meanings(level: Fields, keys: readonly string[]): readonly Meaning[] {
  return keys.flatMap((key) => (level[key] === undefined || level[key] === null ? [] : [meaningOf(key, level[key])]))
}

/** The object itself, and what is wrapped in it, from the outside to the inside. */
function levelsOf(json: Fields): readonly Fields[] {
  const levels = [json]
  for (let level: Fields | undefined = json; level && levels.length < 4; ) {
    const inner: unknown = wrappers.map((key) => level?.[key]).find(isObject)
    level = isObject(inner) ? inner : undefined
    if (level) levels.push(level)
  }
  return levels
}

const goodWords = /^(?:true|1|yes|ok|success|successful|valid|active|authenticated|authorized|allowed|200|0)$/i
const badWords = /^(?:false|no|fail|failed|failure|invalid|inactive|expired|revoked|denied|unauthorized|forbidden)$/i

function meaningOf(key: string, value: unknown): Meaning {
  if (typeof value === 'boolean') return value ? 'good' : 'bad'
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{1,9}$/.test(value))) {
    return key === 'code' || key === 'status' ? meaningOfCode(Number(value)) : Number(value) === 1 ? 'good' : 'bad'
  }
  if (typeof value !== 'string') return 'unknown'
  return goodWords.test(value) ? 'good' : badWords.test(value) ? 'bad' : /^error$/i.test(value) ? 'trouble' : 'unknown'
}

/** 0 and 2xx are good; 5xx, also with more digits behind, is trouble of the service; all else says no. */
function meaningOfCode(code: number): Meaning {
  if (code === 0 || (code >= 200 && code <= 299)) return 'good'
  return /^5\d\d/.test(String(code)) ? 'trouble' : 'bad'
}

function byWord(word: unknown, claim: string): Verdict {
  if (word === true) return valid({}, claim)
  if (word === false) return { kind: 'invalid' }
  if (typeof word === 'string' && goodWords.test(word.trim())) return valid({}, claim)
  if (typeof word === 'string' && badWords.test(word.trim())) return { kind: 'invalid' }
  return unclear('it says neither yes nor no')
}

function valid(json: Fields, claim: string): Verdict {
  const inner = levelsOf(json).toReversed()
  const permissions = inner.map((level) => level[claim]).find((value) => value !== undefined && value !== null)
  return {
    kind: 'valid',
    subject: inner.map(subjectOf).find((subject) => subject !== undefined),
    permissions: readPermissions(permissions),
    endsAt: inner.map(endOf).find((end) => end !== undefined),
  }
}

/** As in a token; also names in objects, commas between words, and keys that are true. */
function readPermissions(value: unknown): ReadonlySet<string> {
  if (typeof value === 'string') return permissionsIn(value.replaceAll(',', ' '))
  if (isObject(value)) return new Set(Object.keys(value).filter((key) => value[key] === true))
  if (!Array.isArray(value)) return new Set()
  return permissionsIn(value.map((each) => (isObject(each) ? (each.name ?? each.code ?? each.permission) : each)))
}

function subjectOf(level: Fields): string | undefined {
  const value = subjectKeys.map((key) => level[key]).find((each) => each !== undefined && each !== null && each !== '')
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** Seconds, milliseconds or ISO 8601. */
function endOf(level: Fields): number | undefined {
  const value = endKeys.map((key) => level[key]).find((each) => each !== undefined && each !== null)
  if (typeof value === 'number' && value > 0) return value > 1e11 ? value : value * 1000
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

function isSaid(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unclear(why: string): Verdict {
  return { kind: 'unclear', why }
}
