import type { Logger } from '#shared/logging/logger.ts'
import type { Restarted } from '#shared/protocol/orders.ts'
import type { FleetView } from '../../../fleet/fleet.ts'
import type { RecordChange } from '../../../fleet/record.ts'

export type RestartEndsParts = {
  readonly fleet: Pick<FleetView, 'orders'>
  readonly record: RecordChange
  readonly log: Logger
}

/**
 * Journals what an agent says became of restarts, each once. What cannot be written down now is told again: the agent goes on saying it
 * as long as the order is desired.
 */
export class RestartEnds {
  readonly #parts: RestartEndsParts
  readonly #inFlight = new Set<string>()

  constructor(parts: RestartEndsParts) {
    this.#parts = parts
  }

  heard(node: string, { id, outcome }: Restarted): void {
    const { fleet, record, log } = this.#parts
    const restart = fleet.orders.get(node)?.restarts.find((each) => each.id === id)
    const isOver = restart?.outcome && restart.outcome.state !== 'expired'
    if (!restart) log.debug({ node, restart: id }, 'an agent spoke of a restart that is not known')
    if (!restart || isOver || this.#inFlight.has(id)) return
    this.#inFlight.add(id)
    record({ kind: 'restart-ended', node, id, outcome }, { by: `agent:${node}` })
      .catch((err: unknown) =>
        log.warn({ err, node, restart: id }, 'what became of a restart could not be recorded; its agent says it again'),
      )
      .finally(() => this.#inFlight.delete(id))
  }
}
