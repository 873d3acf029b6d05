import { at, isEnvelope, isObject, wrappers } from './shape.ts'
import { isStateKey, type Meaning, meaningOf, type Word } from './words.ts'

/** Every word with which an answer speaks of the service itself: at its top, in an envelope, or in a state told as an object. */
export function ownWords(json: object): readonly Word[] {
  if (Array.isArray(json)) return []
  const words = [...statesIn(json, ''), ...codeIn(json)]
  for (const wrapper of isEnvelope(json) ? wrappers : []) words.push(...wrapped(wrapper, at(json, wrapper)))
  words.push(...errorIn(json))
  return words.length > 0 ? words : messageIn(json)
}

const severity: Readonly<Record<Meaning, number>> = { good: 0, off: 1, unknown: 2, weak: 3, bad: 4 }

/** The gravest. A code that nobody knows says nothing beside a word that everybody knows. */
export function gravestOwn(all: readonly Word[]): Word | undefined {
  const known = all.filter(({ meaning, word }) => meaning !== 'unknown' || typeof word !== 'number')
  const among = known.length > 0 ? known : all
  return among.reduce<Word | undefined>((a, b) => (a && severity[a.meaning] >= severity[b.meaning] ? a : b), undefined)
}

/** @param within the path of `object`, ending with a dot unless it is the top */
function statesIn(object: object, within: string): readonly Word[] {
  return Object.entries(object).flatMap(([key, value]) => {
    if (!isStateKey(key)) return []
    const path = `${within}${key}`
    if (Array.isArray(value)) return value.slice(0, 16).flatMap((item, n) => wordOf(`${path}[${n}]`, key, item))
    // A state told as an object. Deeper down it is told of something else.
    if (isObject(value)) return depthOf(within) < 2 ? statesIn(value, `${path}.`) : []
    return wordOf(path, key, value)
  })
}

function depthOf(within: string): number {
  return within.split('.').length - 1
}

function wrapped(key: string, value: unknown): readonly Word[] {
  if (isObject(value)) return statesIn(value, `${key}.`)
  const meaning = typeof value === 'string' ? meaningOf(value) : 'unknown'
  return typeof value === 'string' && meaning !== 'unknown' ? [{ path: key, word: value, meaning }] : []
}

/** Keys under which 1 and 0 stand for yes and no. `up` and `alive` may count seconds. */
const yesOrNo = /^(is_?)?(healthy|ok|success)$/i

function wordOf(path: string, key: string, value: unknown): readonly Word[] {
  if (typeof value === 'boolean') return [{ path, word: value, meaning: meaningOf(value) }]
  if (typeof value === 'string') return value.trim() === '' ? [] : [{ path, word: value, meaning: meaningOf(value) }]
  if (typeof value !== 'number') return []
  if ((value === 0 || value === 1) && yesOrNo.test(key)) return [{ path, word: value, meaning: meaningOf(value === 1) }]
  // Some tell the HTTP status once more in the body.
  return /^status$/i.test(key) ? [{ path, word: value, meaning: numberMeaning(value) }] : []
}

function codeIn(json: object): readonly Word[] {
  const told = at(json, 'code')
  const code = typeof told === 'string' && /^\d{1,6}$/.test(told) ? Number(told) : told
  if (typeof code === 'number') {
    return [{ path: 'code', word: code, meaning: code === 0 ? 'good' : numberMeaning(code) }]
  }
  if (typeof code !== 'string') return []
  const meaning = meaningOf(code)
  return meaning === 'unknown' ? [] : [{ path: 'code', word: code, meaning }]
}

/** An error told beside everything else. What it says may differ each time, so the word is always `error`. */
function errorIn(json: object): readonly Word[] {
  return ['error', 'errors'].flatMap((key) => {
    const told = at(json, key)
    const isTold =
      typeof told === 'string' ? !isNoError(told.trim()) : told === true || (Array.isArray(told) && told.length > 0)
    return isTold ? [{ path: key, word: 'error', meaning: 'weak' as const }] : []
  })
}

function isNoError(text: string): boolean {
  const meaning = meaningOf(text)
  return meaning === 'good' || meaning === 'off' || /^(no|nil|null|false|0|-)?$/i.test(text)
}

/** Where nothing else tells a state, a message that is one. */
function messageIn(json: object): readonly Word[] {
  return ['message', 'msg'].flatMap((key) => {
    const told = at(json, key)
    const meaning = typeof told === 'string' ? meaningOf(told) : 'unknown'
    return typeof told === 'string' && meaning !== 'unknown' ? [{ path: key, word: told, meaning }] : []
  })
}

function numberMeaning(value: number): Meaning {
  if (value >= 200 && value < 300) return 'good'
  return value >= 500 && value < 600 ? 'bad' : 'unknown'
}
