import type { Connected } from './connect.ts'

/** An answer to a hello, and how often the agent had been introduced anew when it said that hello. */
export type Answered = Connected & { readonly introduced: number }

/** A plane that has welcomed the agent; the channel is the caller's to close. */
export type Reached = { readonly plane: string; readonly connected: Extract<Answered, { kind: 'welcome' }> }

export type RelocationParts = {
  /** Where to go, best first. */
  readonly targets: readonly string[]
  /** Never rejects. */
  readonly connect: (plane: string, stop: AbortSignal) => Promise<Answered>
  readonly onFailed: (plane: string, why: string) => void
}

/**
 * Going from one plane to another without a gap: the session with the old one goes on until the new one has welcomed the agent, or
 * until nobody does. One that is ended before answers with nothing.
 */
export class Relocation {
  readonly #giveUp = new AbortController()
  readonly #moved = new AbortController()
  /** What came of it; undefined: nobody takes the agent now. Never rejects. */
  readonly outcome: Promise<Reached | undefined>

  constructor(parts: RelocationParts) {
    this.outcome = this.#run(parts)
  }

  /** Signalled as soon as another plane has welcomed the agent. */
  get moved(): AbortSignal {
    return this.#moved.signal
  }

  giveUp(): void {
    this.#giveUp.abort()
  }

  async #run({ targets, connect, onFailed }: RelocationParts): Promise<Reached | undefined> {
    for (const plane of targets) {
      if (this.#giveUp.signal.aborted) return undefined
      const connected = await connect(plane, this.#giveUp.signal)
      if (connected.kind === 'welcome') {
        this.#moved.abort()
        return { plane, connected }
      }
      onFailed(plane, connected.kind === 'failed' ? connected.why : `${connected.code}: ${connected.message}`)
    }
    return undefined
  }
}
