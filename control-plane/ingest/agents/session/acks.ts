type Pending = { readonly sequence: number; done: boolean }

/** Acknowledges reports in the order in which they came, each only after all that it says is on disk. */
export class Acks {
  readonly #send: (sequence: number) => void
  readonly #pending: Pending[] = []
  #onIdle = () => {}

  constructor(send: (sequence: number) => void) {
    this.#send = send
  }

  get waiting(): number {
    return this.#pending.length
  }

  /** Calls `done` when nothing waits any more. */
  whenIdle(done: () => void): void {
    if (this.#pending.length === 0) done()
    else this.#onIdle = done
  }

  /** @param onDisk rejects when it will never be; then neither this report nor a later one is acknowledged */
  add(sequence: number, onDisk: Promise<unknown>): void {
    const entry: Pending = { sequence, done: false }
    this.#pending.push(entry)
    onDisk.then(
      () => {
        entry.done = true
        while (this.#pending[0]?.done) this.#send(this.#pending.shift()?.sequence ?? 0)
        if (this.#pending.length === 0) this.#onIdle()
      },
      () => {},
    )
  }
}
