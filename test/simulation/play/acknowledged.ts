import type { Report } from '#shared/protocol/messages.ts'
import type { Process } from '../time/world.ts'

type Sent = { readonly sequence: number; readonly words: ReadonlyMap<string, string> }

export type AcknowledgedParts = {
  /** The health that the journal has of an instance; undefined: it does not have it. */
  readonly believed: (instance: string) => string | undefined
  /** Whether it need not be there: nobody runs it, or it was withdrawn. */
  readonly isWithdrawn: (instance: string) => boolean
  readonly onBroken: (what: string) => void
}

/** Hears what agents say and what is acknowledged to them. */
export class Acknowledged {
  readonly #parts: AcknowledgedParts
  readonly #sent = new Map<string, Sent[]>()

  constructor(parts: AcknowledgedParts) {
    this.#parts = parts
  }

  hear(from: Process, to: Process, text: string): void {
    if (text.startsWith('{"type":"report"')) {
      const report = JSON.parse(text) as Report
      const sent = this.#sent.getOrInsertComputed(`${from.name} ${from.startedAt}`, () => [])
      const words = (report.instances ?? []).map(({ id, health }) => [id, health] as const)
      sent.push({ sequence: report.sequence, words: new Map(words) })
    } else if (text.startsWith('{"type":"ack"')) {
      const { sequence } = JSON.parse(text) as { readonly sequence: number }
      this.#acknowledged(`${to.name} ${to.startedAt}`, sequence, from)
    }
  }

  /** What is acknowledged is in the journal, this or something newer. */
  #acknowledged(agent: string, upTo: number, plane: Process): void {
    const sent = this.#sent.get(agent) ?? []
    const said = new Map<string, Set<string>>()
    for (const { sequence, words } of sent) {
      for (const [id, health] of words) {
        const known = said.get(id)
        // Whatever was said later may be there already.
        if (sequence <= upTo) said.set(id, new Set([health]))
        else known?.add(health)
      }
    }
    for (const [id, healths] of said) {
      const believed = this.#parts.believed(id)
      if (believed === undefined) {
        if (!this.#parts.isWithdrawn(id))
          this.#parts.onBroken(`${plane.name} acknowledged ${id}, which is not in the journal`)
        continue
      }
      if (!healths.has(believed) && !healths.has('unknown'))
        this.#parts.onBroken(`${plane.name} acknowledged that ${id} is ${[...healths]}; the journal says ${believed}`)
    }
    const kept = sent.findLastIndex(({ sequence }) => sequence <= upTo)
    if (kept > 0) sent.splice(0, kept)
  }
}
