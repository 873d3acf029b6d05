import { createHash } from 'node:crypto'
import type { RouteTable } from '../table.ts'
import type { Names } from './names.ts'
import { quoted, value } from './quote.ts'

/** Longer words, with a variable for each dollar sign, may not fit what nginx reads at once. */
const mostInline = 3000
const charactersInPart = 700

/** Any text, however long, as one word where nginx would put variables in, so that none of the text's own is. */
export function textWord(text: string, names: Names): string {
  if (fitsInline(text, names)) return value(text, names.variable('dollar'))
  return `"${partsOf(text, names)
    .map(({ variable }) => `\${${variable}}`)
    .join('')}"`
}

/** The definitions that `textWord` needs for the texts of a table that are too long to stand where they are used. */
export function longTexts(table: Pick<RouteTable, 'routes'>, names: Names): readonly string[] {
  const texts = table.routes.flatMap(({ action, policy }) => [
    ...(action.kind === 'answer' ? [action.body] : []),
    ...[...policy.requestHeaders.set, ...policy.responseHeaders.set].map(({ value }) => value),
  ])
  const long = new Set(texts.filter((text) => !fitsInline(text, names)))
  const parts = [...long].flatMap((text) => partsOf(text, names))
  // In a geo block nginx looks for no variables.
  return parts.map(({ variable, part }) => `geo $${variable} { default ${quoted(part)}; }`)
}

function fitsInline(text: string, names: Names): boolean {
  const dollars = text.split('$').length - 1
  return Buffer.byteLength(text) * 2 + dollars * (names.variable('dollar').length + 3) <= mostInline
}

function partsOf(text: string, names: Names): readonly { readonly variable: string; readonly part: string }[] {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
  const characters = [...text]
  const count = Math.ceil(characters.length / charactersInPart)
  return Array.from({ length: count }, (_, index) => ({
    variable: names.variable(`t_${hash}_${index}`),
    part: characters.slice(index * charactersInPart, (index + 1) * charactersInPart).join(''),
  }))
}
