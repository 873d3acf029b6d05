import { probe } from '#shared/probe/probe.ts'
import type { ProbeSpec } from '#shared/protocol/check.ts'
import type { AgentMessage } from '#shared/protocol/messages.ts'

const mostAtOnce = 32

/** Runs the probes that the plane wants run from here, each once, a bounded number at a time. */
export class ProbeAnswers {
  readonly #send: (message: AgentMessage) => boolean
  readonly #stop: AbortSignal
  #seen = new Set<string>()
  #waiting = new Map<string, ProbeSpec>()
  #running = 0

  constructor(send: (message: AgentMessage) => boolean, stop: AbortSignal) {
    this.#send = send
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
    const { verdict, tookMs } = await probe(spec, { signal: this.#stop })
    const { health, reason } = verdict
    if (!this.#stop.aborted) this.#send({ type: 'probed', id, health, reason, tookMs: Math.round(tookMs * 10) / 10 })
    this.#running -= 1
    this.#fill()
  }
}
