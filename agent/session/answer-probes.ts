import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'
import { ask } from '../checks/ask.ts'
import type { Lag } from '../checks/lag.ts'

const mostAtOnce = 32

/** Runs the probes that the plane wants run from here, each once, a bounded number at a time. */
export class ProbeAnswers {
  readonly #send: (message: AgentMessage) => boolean
  readonly #lag: Lag
  readonly #stop: AbortSignal
  #seen = new Set<string>()
  #waiting = new Map<string, ProbeSpec>()
  #running = 0

  constructor(send: (message: AgentMessage) => boolean, lag: Lag, stop: AbortSignal) {
    this.#send = send
    this.#lag = lag
    this.#stop = stop
  }

  /** What is wanted now. A probe that is wanted no more is forgotten, and run again if it is wanted again. */
  want(probes: Readonly<Record<string, ProbeSpec>>): void {
    const ids = Object.keys(probes)
    this.#seen = new Set(ids.filter((id) => this.#seen.has(id)))
    this.#waiting = new Map(Object.entries(probes).filter(([id]) => !this.#seen.has(id)))
    this.#fill()
  }

  /** A new session asks anew: the answers to the old one may be lost. */
  reset(): void {
    this.#seen.clear()
    this.#waiting.clear()
  }

  #fill(): void {
    for (const [id, spec] of this.#waiting) {
      if (this.#running >= mostAtOnce || this.#stop.aborted) return
      this.#waiting.delete(id)
      this.#seen.add(id)
      this.#running += 1
      void this.#answer(id, spec)
    }
  }

  async #answer(id: string, spec: ProbeSpec): Promise<void> {
    // With the same second look at a refusal or a hang that the instance's own agent takes.
    const { verdict, tookMs } = await ask(spec, {
      keepConnection: false,
      lag: this.#lag,
      stop: this.#stop,
      onHang() {},
    })
    const { health, reason } = verdict
    if (!this.#stop.aborted) this.#send({ type: 'probed', id, health, reason, tookMs: Math.round(tookMs * 10) / 10 })
    this.#running -= 1
    this.#fill()
  }
}
