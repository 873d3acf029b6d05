import type { Remark } from '../statement.ts'

/** A directive of a configuration, with its block if it has one. */
export type Directive = {
  readonly name: string
  readonly args: readonly string[]
  readonly block: readonly Directive[] | undefined
  readonly file: string
  /** From 1. */
  readonly line: number
}

type Token = { readonly text: string; readonly line: number; readonly sign: boolean }

/** The directives of one file. What cannot be read is told with its line, and what stands around it is read all the same. Never throws. */
export function parseNginx(
  text: string,
  file: string,
): { readonly directives: readonly Directive[]; readonly problems: readonly Remark[] } {
  const problems: Remark[] = []
  const wrong = (line: number, message: string) => problems.push({ source: { file, line, key: '' }, message })
  const top: Directive[] = []
  /** Blocks that are open, the innermost last. */
  const open: { readonly into: Directive[]; readonly line: number }[] = [{ into: top, line: 0 }]
  let words: Token[] = []
  const end = (block?: Directive[]) => {
    const [name, ...args] = words
    words = []
    if (name === undefined) return undefined
    const directive = { name: name.text, args: args.map((arg) => arg.text), block, file, line: name.line }
    open.at(-1)?.into.push(directive)
    return directive
  }
  for (const token of tokens(text.replace(/^\uFEFF/, ''), wrong)) {
    if (!token.sign) words.push(token)
    else if (token.text === ';') {
      if (words.length === 0) wrong(token.line, 'unexpected ";"')
      end()
    } else if (token.text === '{') {
      const into: Directive[] = []
      if (end(into) === undefined) wrong(token.line, 'unexpected "{"')
      open.push({ into, line: token.line })
    } else {
      const [first] = words
      if (first !== undefined) wrong(first.line, `"${first.text}" has no ";" at its end`)
      words = []
      if (open.length === 1) wrong(token.line, 'unexpected "}"')
      else open.pop()
    }
  }
  const [first] = words
  if (first !== undefined) wrong(first.line, `"${first.text}" has no ";" at its end`)
  const unclosed = open.length > 1 ? open.at(-1) : undefined
  if (unclosed) wrong(unclosed.line, 'this block has no "}"')
  return { directives: top, problems }
}

/** Words and the signs between them, as nginx reads them: quotes hold a word together, a backslash takes the next character as it is. */
function* tokens(text: string, wrong: (line: number, message: string) => void): Generator<Token> {
  let line = 1
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '\n') line += 1
    if (/\s/.test(char)) at += 1
    else if (char === '#') {
      while (at < text.length && text.charAt(at) !== '\n') at += 1
    } else if (char === ';' || char === '{' || char === '}') {
      yield { text: char, line, sign: true }
      at += 1
    } else {
      const begun = line
      const word = char === '"' || char === "'" ? quotedWord(text, at) : bareWord(text, at)
      if (!word.closed) wrong(begun, `a quote is not closed`)
      line += text.slice(at, word.end).split('\n').length - 1
      yield { text: word.text, line: begun, sign: false }
      at = word.end
    }
  }
}

type Word = { readonly text: string; readonly end: number; readonly closed: boolean }

function quotedWord(text: string, start: number): Word {
  const quote = text.charAt(start)
  let word = ''
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === quote) return { text: word, end: at + 1, closed: true }
    if (char === '\\') {
      word += escaped(text.charAt(at + 1))
      at += 1
    } else word += char
  }
  return { text: word, end: text.length, closed: false }
}

function bareWord(text: string, start: number): Word {
  let word = ''
  let at = start
  for (; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '$' && text.charAt(at + 1) === '{') {
      // The braces of "${name}" open no block.
      const end = text.indexOf('}', at)
      if (end > 0) {
        word += text.slice(at, end + 1)
        at = end
        continue
      }
    }
    if (/[\s;{]/.test(char)) break
    if (char === '\\' && at + 1 < text.length) {
      word += escaped(text.charAt(at + 1))
      at += 1
    } else word += char
  }
  return { text: word, end: at, closed: true }
}

/** nginx takes a backslash off before quotes and itself only; patterns keep theirs. */
function escaped(char: string): string {
  const plain: Readonly<Record<string, string>> = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' }
  return plain[char] ?? `\\${char}`
}
