import type { FleetView } from '../fleet/fleet.ts'
import type { Proposal } from './proposal.ts'

/** An agent in contact answers for itself; so long may what it began before the expiry take, and its answer be under way. */
const answersWithinMs = 11 * 60_000
const leewayMs = 15_000

/** Orders to agents whose time is over. @param now epoch milliseconds */
export function expiredOrders(
  { orders, nodes }: Pick<FleetView, 'orders' | 'nodes'>,
  now: number,
): readonly Proposal[] {
  const proposals: Proposal[] = []
  for (const [node, { logging, restarts, revision: seen }] of orders) {
    if (logging?.expiresAt != null && logging.expiresAt <= now) {
      const change = { kind: 'log-level-ordered', node, level: null, reason: 'expired', expiresAt: null } as const
      proposals.push({ change, seen })
      // The next one is judged by what this one leaves.
      continue
    }
    const patienceMs = nodes.get(node)?.contact === 'connected' ? answersWithinMs : leewayMs
    const late = restarts.find(({ outcome, expiresAt }) => outcome === null && expiresAt + patienceMs <= now)
    if (!late) continue
    const outcome = { state: 'expired', why: 'the agent did not come for it in time', output: '', tookMs: 0 } as const
    proposals.push({ change: { kind: 'restart-ended', node, id: late.id, outcome }, seen })
  }
  return proposals
}
