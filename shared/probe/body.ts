import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { dependencyFault } from './dependency.ts'
import { type Expected, strangerIn } from './name.ts'
import { isEnvelope, isObject } from './shape.ts'
import { bounded, type Meaning, meaningOf, meaningOfText, stateKeys, tamed } from './words.ts'

/** What of an HTTP answer is judged. */
export type Told = { readonly status: number; readonly body: Buffer; readonly truncated: boolean }
const ok: Verdict = { health: 'passing', reason: reason('ok') }

/**
 * What an answer says of the service. Its name comes first (another server may sit on its port), then the status, then its own
 * words, then its dependencies, which make it a warning at most. Never throws.
 */
export function readAnswer({ status, body, truncated }: Told, expected: Expected): Verdict {
  const json = parseJson(body)
  const stranger = strangerIn(json, expected)
  if (stranger !== undefined) {
    const params = { expected: bounded(expected.service, 100), answered: bounded(stranger, 100) }
    return { health: 'critical', reason: reason('identity_mismatch', params) }
  }
  if (status === 404 || status === 405 || status === 410) {
    return { health: 'passing', reason: reason('no_health_endpoint', { status: String(status) }) }
  }
  if (status >= 500) return { health: 'critical', reason: reason('http_status', { status: String(status) }) }
  if (status >= 300) return { health: 'warning', reason: reason('http_status', { status: String(status) }) }
  if (truncated) return { health: 'warning', reason: reason('bad_answer', { error: 'body too long' }) }
  return json === undefined ? readText(body.toString('utf8')) : readJson(json)
}

function readText(text: string): Verdict {
  if (text.trim() === '') return ok
  return fromMeaning(meaningOfText(text), text) ?? ok
}

function readJson(json: unknown): Verdict {
  if (json === null) return ok
  if (typeof json === 'boolean') return fromMeaning(meaningOf(json), json) ?? ok
  if (typeof json === 'string') return readText(json)
  if (typeof json !== 'object') return fromMeaning('unknown', Number(json)) ?? ok
  const own = worst(ownWords(json))
  const said = own && fromMeaning(own.meaning, own.word)
  if (said?.health === 'critical') return said
  const fault = dependencyFault(json)
  if (said && (own.meaning === 'weak' || !fault)) return said
  if (!fault) return ok
  return {
    health: 'warning',
    reason: reason('dependency', { path: bounded(fault.path, 200), word: tamed(fault.word) }),
  }
}

function fromMeaning(meaning: Meaning, said: string | number | boolean): Verdict | undefined {
  // A small number is a code; a large one counts something and would be news each time.
  const word = typeof said === 'number' && Math.abs(said) < 100_000 ? String(said) : tamed(String(said))
  switch (meaning) {
    case 'good':
      return undefined
    case 'weak':
    case 'off':
      return { health: 'warning', reason: reason('body_status', { word }) }
    case 'bad':
      return { health: 'critical', reason: reason('body_status', { word }) }
    case 'unknown':
      return { health: 'warning', reason: reason('unknown_word', { word }) }
  }
}

type Own = { readonly meaning: Meaning; readonly word: string | number | boolean }

/** Every word with which the answer speaks of the service itself: at its top, in an envelope, or in a state told as an object. */
function ownWords(json: object): readonly Own[] {
  if (Array.isArray(json)) return []
  const own: Own[] = []
  const top = Object.entries(json)
  for (const [key, value] of top) {
    if (stateKeys.has(key)) {
      const told = stateOf(key, value)
      if (told) own.push(told)
      else if (isObject(value)) own.push(...statesIn(value))
    } else if (key === 'code') {
      const told = codeMeaning(value)
      if (told) own.push(told)
    } else if ((key === 'data' || key === 'result') && isEnvelope(json)) {
      if (isObject(value)) own.push(...statesIn(value))
      else if (typeof value === 'string' && meaningOf(value) !== 'unknown')
        own.push({ meaning: meaningOf(value), word: value })
    }
  }
  return own
}

function statesIn(object: object): readonly Own[] {
  return Object.entries(object).flatMap(([key, value]) => (stateKeys.has(key) ? (stateOf(key, value) ?? []) : []))
}

function stateOf(key: string, value: unknown): Own | undefined {
  if (typeof value === 'boolean') return { meaning: meaningOf(value), word: value }
  if (typeof value === 'string') return value.trim() === '' ? undefined : { meaning: meaningOf(value), word: value }
  // Some tell the HTTP status once more in the body.
  if (key === 'status' && typeof value === 'number') return { meaning: numberMeaning(value), word: value }
  return undefined
}

function numberMeaning(value: number): Meaning {
  if (value >= 200 && value < 300) return 'good'
  return value >= 500 && value < 600 ? 'bad' : 'unknown'
}

function codeMeaning(value: unknown): Own | undefined {
  const code = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value
  if (typeof code === 'number') return { meaning: code === 0 ? 'good' : numberMeaning(code), word: code }
  if (typeof code !== 'string') return undefined
  const meaning = meaningOf(code)
  return meaning === 'unknown' ? undefined : { meaning, word: code }
}

const severity: Readonly<Record<Meaning, number>> = { good: 0, off: 1, unknown: 2, weak: 3, bad: 4 }

/** The gravest. A code that nobody knows says nothing beside a word that everybody knows. */
function worst(all: readonly Own[]): Own | undefined {
  const known = all.filter(({ meaning, word }) => meaning !== 'unknown' || typeof word !== 'number')
  const among = known.length > 0 ? known : all
  return among.reduce<Own | undefined>((a, b) => (a && severity[a.meaning] >= severity[b.meaning] ? a : b), undefined)
}

function parseJson(body: Buffer): unknown {
  const text = body
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trim()
  if (!/^[[{"tfn\d-]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
