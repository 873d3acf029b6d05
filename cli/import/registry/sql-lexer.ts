import { bytesOf, escapeOf, longestEscape } from './sql-escapes.ts'

export type Token =
  /** A name or a keyword without quotes, or a number. */
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  /** In backticks or double quotes: a name, or in MySQL a text if it is in the latter. */
  | { readonly kind: 'name'; readonly text: string; readonly quote: '`' | '"'; readonly line: number }
  | {
      readonly kind: 'text'
      readonly text: string
      /** It is longer than what is kept, so this is only its beginning. */
      readonly cut: boolean
      /** It has a backslash of which nobody knows what it means here. */
      readonly doubtful: boolean
      readonly line: number
    }
  | { readonly kind: 'mark'; readonly text: string; readonly line: number }

/** What backslashes in texts do: they escape, as in MySQL, or are themselves, as in PostgreSQL; undefined: not known. */
export type Backslashes = 'escape' | 'plain' | undefined

export type TokenSink = {
  readonly token: (token: Token) => void
  /** A line of the data behind `COPY ... FROM stdin;`, without its end. */
  readonly copied: (line: string, at: number, cut: boolean) => void
  /** A comment's first characters: some say who wrote the dump. */
  readonly comment: (text: string) => void
}

type State = 'plain' | 'line-comment' | 'comment' | 'quoted' | 'hex' | 'dollar' | 'copy' | 'delimited'

const mostWord = 1_000
const mostComment = 200
const wordPattern = /[A-Za-z_\x80-\xff][\w$\x80-\xff]{0,999}/y
const numberPattern = /(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\w{0,99}/iy
const hexPattern = /[\da-f]*/iy
const specials = { "'": /['\\]/g, '"': /["\\]/g, '`': /[`]/g }
type Quote = keyof typeof specials

/**
 * Takes SQL apart as it comes: the same tokens come out however the text is cut into pieces, and no more of a text is held than what is
 * kept of it. Text is that of bytes, one character each (latin1): only ASCII means anything to SQL, so UTF-8 passes as it is.
 */
export class SqlLexer {
  /** May change at any statement. */
  backslashes: Backslashes
  readonly #sink: TokenSink
  readonly #most: number
  #state: State = 'plain'
  #line = 1
  #began = 1
  #rest = ''
  #kept = ''
  #cut = false
  #doubtful = false
  #quote: Quote = "'"
  #prefix = ''
  #tag = ''
  #begins = true
  #copyNext = false
  #skipsLine = false

  /** @param most characters of a text, or of a line of data, that are kept */
  constructor(sink: TokenSink, most: number, backslashes?: Backslashes) {
    this.#sink = sink
    this.#most = most
    this.backslashes = backslashes
  }

  /** What has begun and not ended, and in which line. */
  get open(): { readonly what: string; readonly line: number } | undefined {
    const what = { quoted: 'a text', dollar: 'a text', comment: 'a comment', copy: 'COPY' }
    const name = this.#state in what ? what[this.#state as keyof typeof what] : undefined
    return name === undefined ? undefined : { what: name, line: this.#began }
  }

  /** What follows the statement is data. To be called before its end. */
  copyFollows(): void {
    this.#copyNext = true
  }

  push(chunk: string): void {
    this.#read(this.#rest + chunk, false)
  }

  end(): void {
    this.#read(this.#rest, true)
    if (this.#state === 'line-comment') this.#endComment()
    if (this.#state === 'copy' && this.#kept !== '') this.#endCopied()
    if (this.#state === 'hex') this.#endHex()
  }

  #read(text: string, last: boolean): void {
    let at = 0
    while (at < text.length) {
      const state = this.#state
      const next = this.#step(text, at, last)
      if (next === at && state === this.#state) break
      at = next
    }
    this.#rest = last ? '' : text.slice(at)
  }

  /** Reads on; returns up to where, which is `at` where more has to come first. */
  #step(text: string, at: number, last: boolean): number {
    switch (this.#state) {
      case 'plain':
        return this.#plain(text, at, last)
      case 'quoted':
        return this.#quoted(text, at, last)
      case 'hex':
        return this.#hex(text, at)
      case 'comment':
        return this.#upTo('*/', text, at, last, () => this.#endComment())
      case 'dollar':
        return this.#upTo(this.#tag, text, at, last, () => this.#endText(true))
      case 'line-comment':
      case 'copy':
      case 'delimited':
        return this.#lineOf(text, at)
    }
  }

  #plain(text: string, at: number, last: boolean): number {
    const char = text.charAt(at)
    if (char === '\n') return this.#nextLine(at)
    if (/[\s\0]/.test(char)) return at + 1
    if (char === "'" || char === '"' || char === '`') return this.#beginQuoted(char, at)
    const next = text.charAt(at + 1)
    if (next === '' && !last) return at
    if (/[A-Za-z_\x80-\xff]/.test(char)) return this.#word(text, at, last)
    if (char === '0' && (next === 'x' || next === 'X')) return this.#begin('hex', at + 2)
    if (/\d/.test(char) || (char === '.' && /\d/.test(next))) return this.#number(text, at, last)
    if (char === '#' || (char === '-' && next === '-')) return this.#begin('line-comment', at + 1)
    if (char === '/' && next === '*') return this.#slash(text, at, last)
    // The end of what only MySQL reads.
    if (char === '*' && next === '/') return at + 2
    // A command to psql.
    if (char === '\\' && this.#begins) return this.#begin('line-comment', at + 1)
    if (char === '$') return this.#beginDollar(text, at, last)
    this.#mark(char)
    return at + 1
  }

  #mark(text: string): void {
    this.#begins = text === ';'
    this.#sink.token({ kind: 'mark', text, line: this.#line })
    if (text !== ';' || !this.#copyNext) return
    this.#copyNext = false
    // What stands behind it in its line is no data.
    this.#skipsLine = true
    this.#begin('copy', 0)
  }

  #word(text: string, at: number, last: boolean): number {
    const [word, end] = match(wordPattern, text, at)
    if (end === text.length && !last && word.length < mostWord) return at
    if (/^[ENXB]$/i.test(word) && text.charAt(end) === "'") {
      this.#prefix = word.toUpperCase()
      return end
    }
    if (this.#begins && word.toUpperCase() === 'DELIMITER') {
      this.#begin('delimited', end)
      this.#keep(word, mostComment)
      return end
    }
    this.#begins = false
    this.#sink.token({ kind: 'word', text: word, line: this.#line })
    return end
  }

  #number(text: string, at: number, last: boolean): number {
    const [word, end] = match(numberPattern, text, at)
    // `1e` may go on with `+10`.
    if (end >= text.length - 1 && !last && word.length < mostWord) return at
    this.#begins = false
    this.#sink.token({ kind: 'word', text: word, line: this.#line })
    return end
  }

  #beginQuoted(quote: Quote, at: number): number {
    this.#quote = quote
    this.#begins = false
    return this.#begin('quoted', at + 1)
  }

  #quoted(text: string, at: number, last: boolean): number {
    const special = specials[this.#quote]
    special.lastIndex = at
    const end = special.exec(text)?.index ?? text.length
    if (end > at) {
      this.#keep(text.slice(at, end))
      this.#count(text, at, end)
      return end
    }
    const next = text.charAt(at + 1)
    if (next === '' && !last) return at
    if (text.charAt(at) === '\\') return this.#backslash(text, at, last)
    if (next === this.#quote) {
      this.#keep(next)
      return at + 2
    }
    this.#endText(false)
    return at + 1
  }

  #backslash(text: string, at: number, last: boolean): number {
    const ofText = this.#quote === "'" || this.backslashes === 'escape'
    const kind = this.#prefix === 'E' ? 'postgresql' : this.backslashes === 'escape' ? 'mysql' : undefined
    if (kind === undefined || !ofText) {
      if (ofText && this.backslashes === undefined) this.#doubtful = true
      this.#keep('\\')
      return at + 1
    }
    if (kind === 'postgresql' && !last && text.length < at + 1 + longestEscape) return at
    const { meant, length } = escapeOf(text.slice(at + 1, at + 1 + longestEscape), kind)
    this.#keep(meant)
    this.#count(text, at, at + 1 + length)
    return at + 1 + length
  }

  #hex(text: string, at: number): number {
    const [digits, end] = match(hexPattern, text, at)
    this.#keep(digits)
    if (end < text.length) this.#endHex()
    return end
  }

  #endHex(): void {
    this.#prefix = 'X'
    this.#quote = "'"
    this.#endText(false)
  }

  #endText(dropped: boolean): void {
    const [prefix, quote, line, doubtful] = [this.#prefix, this.#quote, this.#began, this.#doubtful]
    const text = prefix === 'X' ? bytesOf(this.#kept) : this.#kept
    const cut = this.#cut || dropped
    this.#prefix = ''
    this.#begin('plain', 0)
    this.#begins = false
    if (quote === "'") this.#sink.token({ kind: 'text', text, cut, doubtful, line })
    else this.#sink.token({ kind: 'name', text, quote, line })
  }

  /** MySQL reads `/*!40101 ...`, the number being its version; everything else is a comment. */
  #slash(text: string, at: number, last: boolean): number {
    if (text.length < at + 9 && !last) return at
    const [conditional] = /^\/\*!\d{0,6}/.exec(text.slice(at, at + 9)) ?? []
    return conditional === undefined ? this.#begin('comment', at + 2) : at + conditional.length
  }

  /** `$$ ... $$` and `$body$ ... $body$`: programs. */
  #beginDollar(text: string, at: number, last: boolean): number {
    if (text.length < at + 66 && !last && /^\$\w*$/.test(text.slice(at))) return at
    const [tag] = /^\$(?:[A-Za-z_]\w{0,62})?\$/.exec(text.slice(at, at + 66)) ?? []
    if (tag === undefined) {
      this.#mark('$')
      return at + 1
    }
    this.#tag = tag
    this.#quote = "'"
    return this.#begin('dollar', at + tag.length)
  }

  /** Reads up to a mark that may be cut in two. */
  #upTo(mark: string, text: string, at: number, last: boolean, ends: () => void): number {
    const found = text.indexOf(mark, at)
    const to = found >= 0 ? found : last ? text.length : Math.max(at, text.length - mark.length + 1)
    this.#keep(text.slice(at, Math.min(to, at + mostComment)), mostComment)
    this.#count(text, at, to)
    if (found < 0) return to
    ends()
    return to + mark.length
  }

  #lineOf(text: string, at: number): number {
    const end = text.indexOf('\n', at)
    this.#keep(text.slice(at, end < 0 ? text.length : end), this.#state === 'copy' ? this.#most : mostComment)
    if (end < 0) return text.length
    // The end of a comment's line is one of the statement around it.
    if (this.#state === 'line-comment') {
      this.#endComment()
      return end
    }
    if (this.#state === 'copy') this.#endCopied()
    else {
      if (/^DELIMITER\s+;\s*$/i.test(this.#kept)) this.#begins = true
      this.#begin(this.#begins ? 'plain' : 'delimited', 0)
    }
    const next = this.#nextLine(end)
    this.#began = this.#line
    return next
  }

  #endComment(): void {
    const text = this.#kept
    this.#begin('plain', 0)
    this.#sink.comment(text)
  }

  #endCopied(): void {
    const [line, at, cut, skipped] = [this.#kept.replace(/\r$/, ''), this.#began, this.#cut, this.#skipsLine]
    const ends = line === '\\.' && !skipped
    this.#skipsLine = false
    this.#begin(ends ? 'plain' : 'copy', 0)
    this.#begins = ends
    if (!skipped) this.#sink.copied(line, at, cut)
  }

  #begin(state: State, at: number): number {
    this.#state = state
    this.#kept = ''
    this.#cut = false
    this.#doubtful = false
    this.#began = this.#line
    if (state === 'delimited') this.#begins = false
    return at
  }

  #keep(text: string, most = this.#most): void {
    const room = most - this.#kept.length
    if (text.length > room) this.#cut = true
    if (room > 0) this.#kept += text.length > room ? text.slice(0, room) : text
  }

  #nextLine(at: number): number {
    this.#line += 1
    return at + 1
  }

  #count(text: string, from: number, to: number): void {
    // Lines of dumps are long: to look for the next end of one would be to look through all of the text again and again.
    const piece = text.slice(from, to)
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) this.#line += 1
  }
}

function match(pattern: RegExp, text: string, at: number): readonly [string, number] {
  pattern.lastIndex = at
  const [found = ''] = pattern.exec(text) ?? []
  return [found, at + found.length]
}
