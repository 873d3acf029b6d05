import type { Verdict } from '../protocol/check.ts'
import { reason } from '../protocol/reason.ts'
import { gravestOwn, ownWords } from './body-own.ts'
import { dependencyWords, gravestFault } from './dependency.ts'
import { type Expected, namesIn, strangerIn } from './name.ts'
import { parseJson } from './shape.ts'
import { bounded, meaningOf, meaningOfText, tamed, type Word } from './words.ts'

/** What of an HTTP answer is judged. */
export type Told = { readonly status: number; readonly body: Buffer; readonly truncated: boolean }

/** What an answer says, and what is made of it. */
export type Reading = {
  readonly verdict: Verdict
  /** What it says of the service itself. */
  readonly own: readonly Word[]
  /** What it says of what the service depends on. */
  readonly dependencies: readonly Word[]
  /** Under which names it answers. */
  readonly names: readonly string[]
}

const ok: Verdict = { health: 'passing', reason: reason('ok') }

/** What an answer says of the service. Never throws. */
export function readAnswer(told: Told, expected: Expected): Verdict {
  return interpret(told, expected).verdict
}

/**
 * What an answer says of the service, with the words that it says it by. Its name comes first (another server may sit on its port),
 * then the status, then its own words, then its dependencies, which make it a warning at most. Never throws.
 */
export function interpret(told: Told, expected: Expected): Reading {
  const text = told.truncated ? '' : told.body.toString('utf8')
  const json = parseJson(text)
  const said = json === undefined ? readText(text) : readJson(json)
  const names = namesIn(json)
  const verdict = foreign(json, expected) ?? byStatus(told.status) ?? (told.truncated ? tooLong : byWords(said))
  return { verdict, ...said, names }
}

const tooLong: Verdict = { health: 'warning', reason: reason('bad_answer', { error: 'body too long' }) }

function foreign(json: unknown, expected: Expected): Verdict | undefined {
  const stranger = strangerIn(json, expected)
  if (stranger === undefined) return undefined
  const params = { expected: bounded(expected.service, 100), answered: bounded(stranger, 100) }
  return { health: 'critical', reason: reason('identity_mismatch', params) }
}

function byStatus(status: number): Verdict | undefined {
  const params = { status: String(status) }
  if (status === 404 || status === 405 || status === 410) {
    return { health: 'passing', reason: reason('no_health_endpoint', params) }
  }
  if (status >= 500) return { health: 'critical', reason: reason('http_status', params) }
  if (status >= 300) return { health: 'warning', reason: reason('http_status', params) }
  return undefined
}

type Said = Pick<Reading, 'own' | 'dependencies'>

function byWords({ own, dependencies }: Said): Verdict {
  const gravest = gravestOwn(own)
  const said = gravest && byWord(gravest)
  if (said?.health === 'critical') return said
  const fault = gravestFault(dependencies)
  // Both are warnings; which dependency it is says more than that it is one.
  if (fault && (!said || fault.meaning !== 'unknown')) {
    const params = { path: bounded(fault.path, 200), word: tamed(String(fault.word)) }
    return { health: 'warning', reason: reason('dependency', params) }
  }
  return said ?? ok
}

function byWord({ word: said, meaning }: Word): Verdict | undefined {
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

function readText(text: string): Said {
  if (text.trim() === '') return { own: [], dependencies: [] }
  return { own: [{ path: '', word: text, meaning: meaningOfText(text) }], dependencies: [] }
}

function readJson(json: unknown): Said {
  if (typeof json === 'string') return readText(json)
  if (typeof json === 'boolean') return { own: [{ path: '', word: json, meaning: meaningOf(json) }], dependencies: [] }
  if (typeof json === 'number') return { own: [{ path: '', word: json, meaning: 'unknown' }], dependencies: [] }
  if (typeof json !== 'object' || json === null) return { own: [], dependencies: [] }
  const own = ownWords(json)
  const paths = new Set(own.map(({ path }) => path))
  return { own, dependencies: dependencyWords(json).filter(({ path }) => !paths.has(path)) }
}
