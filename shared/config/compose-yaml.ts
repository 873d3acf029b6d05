import { Composer, type CST, Document, isScalar, Lexer, type LineCounter, Parser, visit } from 'yaml'

/** What is wrong, and where it stands in the text. */
export type YamlFault = { readonly message: string; readonly offset: number }

export type Composed = { readonly document: Document; readonly faults: readonly YamlFault[] }

/** What is deeper, or of more words and signs, is nobody's configuration: reading it would take all memory there is, and minutes. */
const mostDepth = 100
const mostWords = 500_000
/** Behind so many faults nobody reads on. */
const mostFaults = 100

/**
 * The document that a text is in YAML, with all that is wrong with it. What is too much is told as a fault. Takes time and memory in proportion
 * to the text, which the library alone does not: it compares each key with all others of its map, and goes as deep as the text does.
 */
export function composeYaml(text: string, lines: LineCounter): Composed {
  const bounded = new BoundedReading(lines)
  try {
    return bounded.read(text)
  } catch (error) {
    if (error instanceof TooMuch) return { document: new Document(), faults: [...bounded.faults, error.fault] }
    throw error
  }
}

class TooMuch extends Error {
  readonly fault: YamlFault

  constructor(message: string, offset: number) {
    super(message)
    this.fault = { message, offset }
  }
}

class BoundedReading {
  readonly #lines: LineCounter
  readonly faults: YamlFault[] = []

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  read(text: string): Composed {
    const composer = new Composer({ uniqueKeys: false, logLevel: 'error' })
    // It gathers faults without an end. There is no other way to hear of each as it is found.
    Reflect.set(composer, 'onError', (source: Source, _code: string, message: string, warning?: boolean) => {
      if (!warning) this.#fault(message, offsetOf(source))
    })
    let document: Document | undefined
    for (const each of composer.compose(this.#tokens(text), true, text.length)) {
      if (document) {
        this.#fault('the file holds multiple documents: one is read', each.range[0])
        break
      }
      document = each
      for (const { message, pos } of each.errors) this.#fault(message, pos[0])
      this.#findTwice(each)
    }
    return { document: document ?? new Document(), faults: this.faults }
  }

  *#tokens(text: string): Generator<CST.Token> {
    const parser = new Parser(this.#lines.addNewLine)
    this.#lines.addNewLine(0)
    let words = 0
    for (const word of new Lexer().lex(text)) {
      words += 1
      if (words > mostWords) throw new TooMuch(`it is of more than ${mostWords} words and signs`, parser.offset)
      if (parser.stack.length > mostDepth) {
        throw new TooMuch(`it is nested deeper than ${mostDepth} levels`, parser.offset)
      }
      yield* this.#taken(parser.next(word))
    }
    yield* this.#taken(parser.end())
  }

  /** What is wrong among them is noted, and goes no further. */
  *#taken(tokens: Iterable<CST.Token>): Generator<CST.Token> {
    for (const token of tokens) {
      if (token.type !== 'error') yield token
      else this.#fault(token.source ? `${token.message}: ${JSON.stringify(token.source)}` : token.message, token.offset)
    }
  }

  #findTwice(document: Document): void {
    visit(document, {
      Map: (_key, map) => {
        const seen = new Set<unknown>()
        for (const { key } of map.items) {
          if (!isScalar(key) || key.value === '<<') continue
          if (seen.has(key.value)) this.#fault('Map keys must be unique', key.range?.[0] ?? 0)
          seen.add(key.value)
        }
      },
    })
  }

  #fault(message: string, offset: number): void {
    if (this.faults.length >= mostFaults) throw new TooMuch('and more is wrong behind it', offset)
    this.faults.push({ message, offset })
  }
}

type Source = number | readonly [number, number] | { readonly offset: number; readonly source?: string }

function offsetOf(source: Source): number {
  if (typeof source === 'number') return source
  return 'offset' in source ? source.offset : source[0]
}
