/** What a fact is about: its kind, and of whom it is. */
export type Subject = { readonly kind: string; readonly key: string }

export type BoardListener = {
  /** Another value, or none any more. */
  readonly onFact: (subject: Subject) => void
  /** Something that happened; it is told once. */
  readonly onEvent: (kind: string, value: unknown) => void
}

/**
 * What this plane has heard itself and the others should know, too: facts, of which only the newest counts, and events. Values are plain
 * JSON and are not changed once they are here.
 */
export class Board {
  readonly #facts = new Map<string, Map<string, unknown>>()
  readonly #listeners = new Set<BoardListener>()

  set(kind: string, key: string, value: unknown): void {
    this.#facts.getOrInsertComputed(kind, () => new Map<string, unknown>()).set(key, value)
    this.#tell({ kind, key })
  }

  delete(kind: string, key: string): void {
    if (this.#facts.get(kind)?.delete(key)) this.#tell({ kind, key })
  }

  /** Undefined: there is none. */
  get({ kind, key }: Subject): unknown {
    return this.#facts.get(kind)?.get(key)
  }

  say(kind: string, value: unknown): void {
    for (const { onEvent } of this.#listeners) onEvent(kind, value)
  }

  *subjects(): Generator<Subject> {
    for (const [kind, facts] of this.#facts) for (const key of facts.keys()) yield { kind, key }
  }

  /** Returns how to stop. */
  listen(listener: BoardListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(subject: Subject): void {
    for (const { onFact } of this.#listeners) onFact(subject)
  }
}
