/** A word of an nginx configuration: its value, and where it stands in the text (quotes included). */
export type Word = { readonly value: string; readonly start: number; readonly end: number }

/** A directive, or the head of a block. `depth` counts the blocks around it; `line` counts from 1. */
export type Directive = {
  readonly name: string
  readonly args: readonly Word[]
  readonly line: number
  readonly depth: number
  readonly start: number
  /** The place after its `;` or `{`. */
  readonly end: number
}

/**
 * The directives of a configuration in the order of the text, as nginx itself divides it into words. A text that nginx
 * would refuse gives some list too: judging it is nginx's work.
 */
export function readDirectives(text: string): readonly Directive[] {
  const found: Directive[] = []
  let words: Word[] = []
  let wordLine = 1
  let depth = 0
  let line = 1
  let at = 0
  const close = () => {
    const [first, ...args] = words
    if (first) found.push({ name: first.value, args, line: wordLine, depth, start: first.start, end: at })
    words = []
  }
  while (at < text.length) {
    const sign = text[at]
    if (sign === '\n') line += 1
    if (sign === ' ' || sign === '\t' || sign === '\r' || sign === '\n') at += 1
    else if (sign === '#') at = endOfLine(text, at)
    else if (sign === ';' || sign === '{') {
      at += 1
      close()
      if (sign === '{') depth += 1
    } else if (sign === '}') {
      at += 1
      words = []
      depth = Math.max(0, depth - 1)
    } else {
      const end = sign === '"' || sign === "'" ? endOfQuoted(text, at) : endOfBare(text, at)
      if (words.length === 0) wordLine = line
      words.push({ value: meaningOf(text.slice(at, end)), start: at, end })
      for (let i = at; i < end; i += 1) if (text[i] === '\n') line += 1
      at = end
    }
  }
  return found
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === text[from]) return at + 1
  }
  return text.length
}

function endOfBare(text: string, from: number): number {
  let at = from
  // Nothing else is a blank to nginx.
  while (at < text.length && !/[ \t\r\n;{]/.test(text[at] ?? '')) {
    if (text[at] === '\\') at += 1
    // In `${name}` the brace opens no block.
    else if (text[at] === '$' && text[at + 1] === '{') at += 1
    at += 1
  }
  return Math.min(at, text.length)
}

const escapes: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '"': '"', "'": "'", '\\': '\\' }

function meaningOf(raw: string): string {
  const quoted = raw.length > 1 && (raw[0] === '"' || raw[0] === "'") && raw.at(-1) === raw[0]
  return (quoted ? raw.slice(1, -1) : raw).replace(/\\(["'\\trn])/g, (_, sign: string) => escapes[sign] ?? sign)
}
