import type { OwnAnswer } from '../answers.ts'
import type { Names } from './names.ts'
import { quoted } from './quote.ts'
import { textWord } from './texts.ts'

/** What a server has as content type where nothing else is said. */
export const usualType = 'application/problem+json'

/** With these nginx takes a text for the place to go to. */
const asRedirect = new Set([301, 302, 303, 307, 308])

/** Directives that answer without asking anybody; what limits and checks tokens comes after them, and so has no say. */
export function answerLines({ status, contentType, body }: OwnAnswer, names: Names): readonly string[] {
  const text = body === '' ? `$${names.variable('nothing')}` : textWord(body, names)
  const type = contentType === usualType ? [] : [`default_type ${quoted(contentType)};`]
  return [...type, `return ${asRedirect.has(status) ? 200 : status} ${text};`]
}

/**
 * What stands in a location that answers, and what takes over from it where something has to come first (limits, tokens), or where the
 * status has to be set apart from the text.
 * @param first directives of limits and access, of the phases before content
 */
export function answering(
  answer: readonly string[],
  status: number,
  first: readonly string[],
  named: string,
): {
  readonly inside: readonly string[]
  readonly takingOver: readonly (readonly [name: string, lines: readonly string[]])[]
} {
  const apart = asRedirect.has(status)
  const text = `${named}_text`
  const told = apart ? [`error_page 418 =${status} ${text};`, 'return 418;'] : answer
  const texts = apart ? [[text, answer] as const] : []
  if (first.length === 0) return { inside: told, takingOver: texts }
  // A file that cannot be there: nginx looks for it only after limits and tokens have been looked at.
  return { inside: [...first, 'root /dev/null;', `try_files /none ${named};`], takingOver: [[named, told], ...texts] }
}
