import { explainError, Failure } from '#shared/failure/failure.ts'
import { type FromFile, mostRowBytes, type RawValue, type RowReader, utf8Text } from './raw-row.ts'
import { encodingRemedy } from './sql-rows.ts'

/** Objects around lists that are looked through: `{"data": {"services": [...]}}`. */
const mostDepth = 8

type Level = {
  readonly kind: 'object' | 'list'
  readonly name: string
  readonly line: number
  key: string
  expects: 'key' | 'value'
  /** Of what it has more than nothing: single values, or objects and lists. */
  holds: 'nothing' | 'values' | 'more'
}

/**
 * The rows of a JSON file, as it comes: the objects in lists, wherever these lie in objects; the key of a list is the table. A row is
 * read when it is whole, and no more than one is held. What lies where a row is expected and is none is told.
 */
export class JsonRows implements RowReader {
  readonly #levels: Level[] = []
  readonly #seen: FromFile[] = []
  #line = 1
  #began = false
  #ended = false
  /** The text that is being read, at what depth, and where it began. */
  #held: string[] = []
  #heldBytes = 0
  #heldLine = 0
  #heldDepth = 0
  #reading: 'nothing' | 'text' | 'word' | 'row' = 'nothing'
  #inText = false
  #escaped = false

  push(chunk: string): readonly FromFile[] {
    for (let at = 0; at < chunk.length; )
      at = this.#reading === 'nothing' ? this.#mark(chunk, at) : this.#read(chunk, at)
    return this.#seen.splice(0)
  }

  /** Throws IMPORT_CUT. */
  end(): readonly FromFile[] {
    if (this.#reading === 'word') this.#endWord()
    if (!this.#ended || this.#reading !== 'nothing') {
      throw new Failure(
        'IMPORT_CUT',
        this.#began ? `what is open in line ${this.#line} has no end` : 'it holds nothing',
      )
    }
    return this.#seen.splice(0)
  }

  #mark(chunk: string, at: number): number {
    const char = chunk.charAt(at)
    if (char === '\n') this.#line += 1
    if (/\s/.test(char)) return at + 1
    if (this.#ended) throw this.#wrong('something stands behind its end')
    this.#began = true
    const level = this.#levels.at(-1)
    if (char === '}' || char === ']') return this.#close(char, at)
    if (char === ',' || char === ':') return at + 1
    if (level?.kind === 'object' && level.expects === 'key') {
      if (char !== '"') throw this.#wrong('a key was expected')
      return this.#hold('text', at)
    }
    if (char === '{' && level?.kind === 'list') return this.#hold('row', at)
    if (char === '{' || char === '[') return this.#open(char, at)
    return this.#hold(char === '"' ? 'text' : 'word', at)
  }

  #open(char: '{' | '[', at: number): number {
    const above = this.#levels.at(-1)
    // A list in a list has no rows of its own.
    if (above?.kind === 'list' || this.#levels.length >= mostDepth) return this.#hold('row', at)
    const name = above?.key ?? ''
    if (above) above.holds = 'more'
    this.#levels.push({
      ...{ kind: char === '{' ? 'object' : 'list', name, line: this.#line, key: '', holds: 'nothing' },
      expects: char === '{' ? 'key' : 'value',
    })
    return at + 1
  }

  #close(char: string, at: number): number {
    const level = this.#levels.pop()
    if (level?.kind !== (char === '}' ? 'object' : 'list')) throw this.#wrong(`an unexpected ${char}`)
    // Rows by their ids, or one alone.
    if (level.kind === 'object' && level.holds === 'values')
      this.#noRow(this.#levels.at(-1)?.name || level.name, level.line)
    this.#valueEnds()
    return at + 1
  }

  #valueEnds(): void {
    const level = this.#levels.at(-1)
    if (!level) this.#ended = true
    else if (level.kind === 'object') level.expects = 'key'
  }

  /** What is neither an object nor a list. */
  #singleEnds(): void {
    const level = this.#levels.at(-1)
    if (level?.kind === 'list') this.#noRow(level.name, this.#heldLine)
    else if (level?.holds === 'nothing') level.holds = 'values'
    this.#valueEnds()
  }

  #noRow(table: string, line: number): void {
    this.#unread(
      table,
      line,
      'it is no row of a list',
      'Write the rows as a list of objects: {"table": [{...}, {...}]}.',
    )
  }

  #unread(table: string, line: number, reason: string, remedy: string): void {
    this.#seen.push({ kind: 'unread', form: 'json', table, line, reason, remedy })
  }

  #hold(reading: 'text' | 'word' | 'row', at: number): number {
    this.#reading = reading
    this.#held = []
    this.#heldBytes = 0
    this.#heldLine = this.#line
    this.#heldDepth = 0
    this.#inText = false
    this.#escaped = false
    return at
  }

  /** Reads on in what is held; it ends where its brackets and quotes do. */
  #read(chunk: string, from: number): number {
    let at = from
    let ends = false
    if (this.#reading === 'word') {
      while (at < chunk.length && /[\w.+-]/.test(chunk.charAt(at))) at += 1
      ends = at < chunk.length
      if (ends && at === from && this.#heldBytes === 0)
        throw this.#wrong(`an unexpected ${JSON.stringify(chunk.charAt(at))}`)
    } else
      for (; at < chunk.length && !ends; at += 1) {
        const char = chunk.charCodeAt(at)
        if (char === 10) this.#line += 1
        if (this.#escaped) this.#escaped = false
        else if (this.#inText) {
          if (char === 92) this.#escaped = true
          else if (char === 34) {
            this.#inText = false
            ends = this.#heldDepth === 0
          }
        } else if (char === 34) this.#inText = true
        else if (char === 123 || char === 91) this.#heldDepth += 1
        else if (char === 125 || char === 93) {
          this.#heldDepth -= 1
          ends = this.#heldDepth === 0
        }
      }
    this.#keep(chunk.slice(from, at))
    if (!ends) return at
    if (this.#reading === 'word') this.#endWord()
    else if (this.#reading === 'text') this.#endText()
    else this.#endRow()
    return at
  }

  #keep(text: string): void {
    this.#heldBytes += text.length
    if (this.#heldBytes <= mostRowBytes) this.#held.push(text)
    else this.#held = []
  }

  #endWord(): void {
    this.#reading = 'nothing'
    this.#parsed()
    this.#singleEnds()
  }

  #endText(): void {
    this.#reading = 'nothing'
    const level = this.#levels.at(-1)
    if (level?.kind !== 'object' || level.expects !== 'key') {
      this.#singleEnds()
      return
    }
    const key = this.#parsed()
    level.key = typeof key === 'string' ? key : ''
    level.expects = 'value'
  }

  #endRow(): void {
    this.#reading = 'nothing'
    const table = this.#levels.at(-1)?.name ?? ''
    const line = this.#heldLine
    if (this.#heldBytes > mostRowBytes) {
      const reason = `it is longer than ${mostRowBytes / 1024} KiB`
      this.#unread(table, line, reason, 'Shorten what it holds, and import it again.')
    } else {
      const value = this.#parsed()
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        const values = new Map(Object.entries(value as Readonly<Record<string, RawValue>>))
        this.#seen.push({ kind: 'row', form: 'json', table, line, values })
      } else this.#noRow(table, line)
    }
    this.#valueEnds()
  }

  /** What is held, as JSON. Throws IMPORT_ENCODING or IMPORT_UNREADABLE: behind a broken row nothing can be trusted. */
  #parsed(): unknown {
    const text = utf8Text(this.#held.join(''))
    if (text === undefined) {
      throw new Failure('IMPORT_ENCODING', `line ${this.#heldLine} is not in UTF-8`, { remedy: encodingRemedy })
    }
    try {
      return JSON.parse(text)
    } catch (cause) {
      // What the parser says quotes the file, which may hold secrets.
      throw this.#wrong(explainError(cause).replace(/,? ?(\.\.\.)?"[\s\S]*$/, ''))
    }
  }

  #wrong(why: string): Failure {
    return new Failure('IMPORT_UNREADABLE', `line ${this.#line} is no JSON: ${why}`)
  }
}
