import type { LevelName, RestartOutcome } from '#shared/protocol/orders.ts'
import type { Context } from './context.ts'

/** What a node's agent has been asked for by operators, besides the admission of its instances. */
export type NodeOrders = {
  readonly node: string
  /** null: it logs as its own configuration says. */
  readonly logging: LoggingOrdered | null
  /** Oldest first. */
  readonly restarts: readonly RestartOrdered[]
  readonly revision: number
}

export type LoggingOrdered = {
  readonly level: LevelName
  readonly reason: string
  readonly by: string
  readonly since: number
  readonly expiresAt: number | null
}

export type RestartOrdered = {
  readonly id: string
  /** One of those that the host of the agent allows. */
  readonly name: string
  readonly reason: string
  readonly by: string
  readonly orderedAt: number
  /** It is not begun any more after this. */
  readonly expiresAt: number
  /** null: nothing has been heard of it yet. */
  readonly outcome: RestartOutcome | null
  readonly endedAt: number | null
}

/** Everything that can change what is asked of a node. Expiries in epoch milliseconds. */
export type OrderEvent =
  | {
      readonly kind: 'log-level-ordered'
      readonly node: string
      /** null: as the agent's own configuration says. */
      readonly level: LevelName | null
      readonly reason: string
      readonly expiresAt: number | null
    }
  | {
      readonly kind: 'restart-ordered'
      readonly node: string
      readonly id: string
      readonly name: string
      readonly reason: string
      readonly expiresAt: number
    }
  | { readonly kind: 'restart-ended'; readonly node: string; readonly id: string; readonly outcome: RestartOutcome }

/** Restarts that have ended are kept for so long, the newest of them. */
export const endedRestartsKept = 20

/** What is asked of a node after `event`. The same value: no change. */
export function nextOrders(
  known: NodeOrders | undefined,
  event: OrderEvent,
  { at, by, revision }: Context,
): NodeOrders | undefined {
  const orders = known ?? { node: event.node, logging: null, restarts: [], revision }
  switch (event.kind) {
    case 'log-level-ordered': {
      const { level, reason, expiresAt } = event
      const { logging } = orders
      if (level === null) return logging === null ? known : { ...orders, logging: null, revision }
      if (logging?.level === level && logging.reason === reason && logging.expiresAt === expiresAt) return known
      return { ...orders, logging: { level, reason, by, since: at, expiresAt }, revision }
    }
    case 'restart-ordered': {
      const { id, name, reason, expiresAt } = event
      if (orders.restarts.some((restart) => restart.id === id)) return known
      const restart = { id, name, reason, by, orderedAt: at, expiresAt, outcome: null, endedAt: null }
      return { ...orders, restarts: [...orders.restarts, restart], revision }
    }
    case 'restart-ended': {
      const restart = orders.restarts.find(({ id }) => id === event.id)
      // Whoever ran it knows better than who only saw the time pass.
      const final = restart?.outcome && (restart.outcome.state !== 'expired' || event.outcome.state === 'expired')
      if (!restart || final) return known
      const restarts = orders.restarts.map((each) =>
        each === restart ? { ...each, outcome: event.outcome, endedAt: at } : each,
      )
      return { ...orders, restarts: withoutOldest(restarts), revision }
    }
  }
}

function withoutOldest(restarts: readonly RestartOrdered[]): readonly RestartOrdered[] {
  let surplus = restarts.filter(({ outcome }) => outcome !== null).length - endedRestartsKept
  if (surplus <= 0) return restarts
  return restarts.filter(({ outcome }) => {
    if (outcome === null || surplus <= 0) return true
    surplus -= 1
    return false
  })
}
