type Pending = { readonly sequence: number; done: boolean }

/**
 * Acknowledges reports in the order in which they came, each only after all that it says is on disk. One acknowledgement stands for all
 * before it: what is on disk in the same turn of the event loop is told once, so the more comes, the less an answer costs.
 */
export class Acks {
  readonly #send: (sequence: number) => void
  readonly #later: (step: () => void) => void
  readonly #pending: Pending[] = []
  #onIdle = () => {}
  #scheduled = false

  /** @param later does a step when it is its turn */
  constructor(send: (sequence: number) => void, later: (step: () => void) => void = setImmediate) {
    this.#send = send
    this.#later = later
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
        this.#schedule()
      },
      () => {},
    )
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#later(() => {
      this.#scheduled = false
      this.#acknowledge()
    })
  }

  #acknowledge(): void {
    const end = this.#pending.findIndex(({ done }) => !done)
    const done = this.#pending.splice(0, end < 0 ? this.#pending.length : end)
    const last = done.at(-1)
    if (last) this.#send(last.sequence)
    if (this.#pending.length === 0) this.#onIdle()
  }
}
