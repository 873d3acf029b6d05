/** Cuts what comes into lines. A line that is longer than `most` bytes throws: nothing that is kept grows beyond that. */
export class Lines {
  readonly #most: number
  #open: Buffer[] = []
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  /** The lines that are complete now, without their ends; empty ones are left out. */
  push(piece: Buffer): readonly string[] {
    const lines: string[] = []
    let from = 0
    for (let end = piece.indexOf(10, from); end >= 0; end = piece.indexOf(10, from)) {
      this.#keep(piece.subarray(from, end))
      const line = Buffer.concat(this.#open).toString('utf8')
      this.#open = []
      this.#bytes = 0
      if (line.trim() !== '') lines.push(line)
      from = end + 1
    }
    if (from < piece.length) this.#keep(piece.subarray(from))
    return lines
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes > this.#most) throw new RangeError(`a line has more than ${this.#most} bytes`)
    this.#open.push(piece)
  }
}
