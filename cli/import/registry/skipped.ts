import type { Token } from './sql-lexer.ts'
import { isMark, isWord } from './sql-statement.ts'

/**
 * A statement of which nothing is read: where it ends. One that creates a program or a rule has statements in it, up to its END or its
 * bracket; these are none of the file's own.
 */
export class Skipped {
  /** Where it began. */
  readonly line: number
  readonly #creates: boolean
  #program = false
  #blocks = 0
  #brackets = 0
  #before: Token | undefined

  /** @param head its tokens so far */
  constructor(head: readonly Token[]) {
    const [first] = head
    this.line = first?.line ?? 0
    this.#creates = isWord(first, 'CREATE')
    for (const token of head) this.endsWith(token)
  }

  /** Whether statements in it have begun and not ended. */
  get open(): boolean {
    return this.#blocks > 0 || this.#brackets > 0
  }

  endsWith(token: Token): boolean {
    if (this.#creates) this.#count(token)
    this.#before = token
    return isMark(token, ';') && !this.open
  }

  #count(token: Token): void {
    if (isMark(token, '(')) this.#brackets += 1
    else if (isMark(token, ')')) this.#brackets -= 1
    if (isWord(token, 'FUNCTION', 'PROCEDURE', 'TRIGGER', 'EVENT')) this.#program = true
    // `new.begin` is a column.
    if (!this.#program || isMark(this.#before, '.')) return
    const afterEnd = isWord(this.#before, 'END')
    const begins = isWord(token, 'BEGIN') && this.#brackets === 0
    if (begins || (isWord(token, 'CASE') && !afterEnd)) this.#blocks += 1
    else if (isWord(token, 'END')) this.#blocks = Math.max(0, this.#blocks - 1)
    // What these end is not counted: they are words of other things, too.
    else if (afterEnd && isWord(token, 'IF', 'LOOP', 'WHILE', 'REPEAT')) this.#blocks += 1
  }
}
