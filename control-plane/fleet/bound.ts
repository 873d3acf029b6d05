/** Something that waits or is kept, of which there is never more than `most`. */
export type Bound = {
  readonly name: string
  readonly now: number
  readonly most: number
  /** What found no room since the start. */
  readonly refused: number
}
