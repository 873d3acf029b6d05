import { randomUUID } from 'node:crypto'
import type { Admit, AdmitOutcome } from '#shared/protocol/admit.ts'

export type AdmitRequest = Pick<Admit, 'admission' | 'instances' | 'reason' | 'forMs'>

type Pending = { readonly message: Admit; readonly onOutcome: (outcome: AdmitOutcome) => void }

/** More are not open at once: each unit of the host has one at a time. */
const mostPending = 32

/**
 * What this node asks for its own instances, until it is answered or given up. What is asked while no plane hears is told with the next
 * session; what is given up before that is never told: a late draining would take out of service what serves again.
 */
export class OwnAdmissions {
  readonly #send: (message: Admit) => boolean
  readonly #pending = new Map<string, Pending>()

  constructor(send: (message: Admit) => boolean) {
    this.#send = send
  }

  /**
   * Asks, and hands each outcome on until `stop`. Throws when too many ask.
   * @returns gives it up
   */
  ask(request: AdmitRequest, onOutcome: (outcome: AdmitOutcome) => void): () => void {
    if (this.#pending.size >= mostPending) throw new Error('too many ask at once')
    const id = randomUUID()
    const message: Admit = { type: 'admit', id, ...request }
    this.#pending.set(id, { message, onOutcome })
    this.#send(message)
    return () => void this.#pending.delete(id)
  }

  heard(outcome: AdmitOutcome): void {
    this.#pending.get(outcome.id)?.onOutcome(outcome)
  }

  /** A session has begun: the plane that it is with may not have heard. Asking twice changes nothing. */
  tellAgain(): void {
    for (const { message } of this.#pending.values()) this.#send(message)
  }
}
