import * as z from 'zod/mini'
import type { HelperConfig } from './config.ts'
import type { Verb } from './verb.ts'

/** Longer a request may not be, in bytes, its end of line included. */
export const mostRequest = 4 * 1024

/** What becomes of a line. `code` is for programs, `why` for people. */
export type Refusal = {
  readonly ok: false
  readonly code: 'malformed' | 'unknown-verb' | 'refused' | 'no-list' | 'failed' | 'late'
  readonly why: string
}
export type Asked = { readonly ok: true; readonly verb: Verb; readonly asked: unknown }

/** Takes one line apart: a JSON object with the name of a verb, and what that verb asks for; nothing else. Pure. */
export function readRequest(line: string, verbs: readonly Verb[]): Asked | Refusal {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { ok: false, code: 'malformed', why: 'expected a line of JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, code: 'malformed', why: 'expected a JSON object' }
  }
  const { verb: name, ...rest } = value as Record<string, unknown>
  const verb = verbs.find((each) => each.name === name)
  if (!verb) {
    const known = verbs.map((each) => each.name).join(', ')
    return { ok: false, code: 'unknown-verb', why: `there is no such verb; there are ${known}` }
  }
  const read = z.safeParse(verb.asked, rest)
  if (!read.success) {
    const [issue] = read.error.issues
    const at = issue?.path.map(String).join('.') || 'the request'
    return { ok: false, code: 'malformed', why: `${at}: ${issue?.message ?? 'not as expected'}` }
  }
  return { ok: true, verb, asked: read.data }
}

/** What the list says to a request. Undefined: it may be done. */
export function judgeRequest({ verb, asked }: Asked, list: HelperConfig): Refusal | undefined {
  const why = verb.refusal(asked, list)
  return why === undefined ? undefined : { ok: false, code: 'refused', why }
}
