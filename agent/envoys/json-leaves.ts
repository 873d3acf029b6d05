import type { Leaf } from '#shared/envoy/digest.ts'

export type JsonPath = readonly (string | number)[]

const token = /[ \t\r\n]*(?:([{}[\],:])|("[^"\\]*(?:\\[\s\S][^"\\]*)*")|(-?\d[\d.eE+-]*|true|false|null))/y

/** No text or number in it is longer. */
const mostRest = 4 * 1024 * 1024
/** No configuration of an Envoy is deeper; what is would make each of its paths as long. */
const mostDepth = 500

/** Reads JSON piece by piece as it comes, and hands over each leaf with its path. Nothing of it is kept, however long it is. Throws on what is none. */
export class JsonLeaves {
  readonly #onLeaf: (path: JsonPath, leaf: Leaf) => void
  readonly #path: (string | number)[] = []
  /** Of each open object or list: whether it is a list. */
  readonly #lists: boolean[] = []
  #rest = ''
  #awaitsKey = false

  constructor(onLeaf: (path: JsonPath, leaf: Leaf) => void) {
    this.#onLeaf = onLeaf
  }

  take(text: string): void {
    const all = this.#rest + text
    token.lastIndex = 0
    let from = 0
    for (let found = token.exec(all); found; found = token.exec(all)) {
      const [, sign, string, plain] = found
      // A number at the end may go on with the next piece.
      if (plain !== undefined && token.lastIndex === all.length) break
      from = token.lastIndex
      if (sign !== undefined) this.#sign(sign)
      else if (string !== undefined) this.#text(JSON.parse(string) as string)
      else if (plain !== undefined) this.#leaf(JSON.parse(plain) as Leaf)
    }
    this.#rest = all.slice(from)
    if (this.#rest.length > mostRest) throw new Error('the JSON is none')
  }

  /** Throws if something is missing. */
  end(): void {
    if (this.#rest.trim() !== '' || this.#lists.length > 0) throw new Error('the JSON ends too early, or is none')
  }

  #sign(sign: string): void {
    switch (sign) {
      case '{':
      case '[':
        if (this.#lists.length >= mostDepth) throw new Error(`the JSON is nested deeper than ${mostDepth} levels`)
        this.#lists.push(sign === '[')
        this.#path.push(sign === '[' ? 0 : '')
        this.#awaitsKey = sign === '{'
        break
      case '}':
      case ']':
        if (this.#lists.pop() !== (sign === ']')) throw new Error(`the JSON has a ${sign} that nothing opened`)
        this.#path.pop()
        this.#awaitsKey = false
        break
      case ',': {
        const list = this.#lists.at(-1) === true
        const last = this.#path.at(-1)
        if (list && typeof last === 'number') this.#path[this.#path.length - 1] = last + 1
        this.#awaitsKey = !list
        break
      }
      case ':':
        this.#awaitsKey = false
    }
  }

  #text(text: string): void {
    if (this.#awaitsKey) this.#path[this.#path.length - 1] = text
    else this.#leaf(text)
  }

  #leaf(leaf: Leaf): void {
    this.#onLeaf(this.#path, leaf)
  }
}
