import type { Logger } from '#shared/logging/logger.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { Death, InstanceBelief } from '../../../fleet/belief.ts'
import type { RecordChange } from '../../../fleet/record.ts'
import { Proposer } from '../../propose.ts'
import type { FleetWithRemovals } from '../session/reconcile.ts'

export type RecordDeathsOptions = {
  readonly fleet: FleetWithRemovals
  readonly record: RecordChange
  readonly sessions: { askAgain(node: string, why: string): void }
  /** `plane:<run>` */
  readonly by: string
  readonly log: Logger
}

/** Writes confirmed deaths down. They leave the sinks at once, before that is on disk. */
export class DeathRecorder {
  readonly #options: RecordDeathsOptions
  readonly #proposer: Proposer
  /** Deaths that could not be written down: their removals stand for as long as nothing is heard of the node. */
  readonly #unrecorded = new Set<string>()
  readonly #deaths: Record<Death['how'], number> = { refused: 0, timeout: 0 }

  constructor(options: RecordDeathsOptions) {
    this.#options = options
    this.#proposer = new Proposer(options.record, options.by, options.log)
  }

  /** Since the start, by how they were confirmed. */
  get deaths(): Readonly<Record<Death['how'], number>> {
    return { ...this.#deaths }
  }

  get unrecorded(): ReadonlySet<string> {
    return this.#unrecorded
  }

  idle(): Promise<void> {
    return this.#proposer.idle()
  }

  /** Lifts removals that were not written down and do not stand any more. */
  lift(stands: (id: string) => boolean): void {
    for (const id of this.#unrecorded) {
      if (stands(id)) continue
      this.#unrecorded.delete(id)
      this.#options.fleet.lift(id)
    }
  }

  confirm({ spec, node, revision }: InstanceBelief, death: Omit<Death, 'at'>): void {
    const { fleet, sessions, log } = this.#options
    const { id } = spec
    fleet.publishRemoval(id, reason('death_confirmed', { how: death.how }))
    const change = { kind: 'death-confirmed', instance: id, death } as const
    this.#proposer.propose(id, { change, seen: revision }, (outcome) => {
      if (outcome === undefined) {
        this.#unrecorded.add(id)
        return
      }
      this.#unrecorded.delete(id)
      if (outcome !== 'changed') return
      this.#deaths[death.how] += 1
      log.warn({ instance: id, node, how: death.how, vantages: death.vantages }, 'a death was confirmed')
      // It came back while this was written down: its agent has to say that it lives.
      if (fleet.nodes.get(node)?.contact === 'connected')
        sessions.askAgain(node, 'an instance was confirmed dead meanwhile')
    })
  }
}
