/** The end of a text that grows without bound. */
export class Tail {
  readonly #mostCharacters: number
  #text = ''

  constructor(mostCharacters: number) {
    this.#mostCharacters = mostCharacters
  }

  add(text: string): void {
    this.#text += text
    // Cut seldom: a cut copies all that is kept.
    if (this.#text.length > 2 * this.#mostCharacters) this.#text = this.text()
  }

  text(): string {
    return this.#text.slice(-this.#mostCharacters)
  }

  lines(count: number): string {
    return this.text().trimEnd().split('\n').slice(-count).join('\n')
  }
}
