import * as z from 'zod/mini'
import type { DrainState, NodeOrder } from '#shared/protocol/orders.ts'

/** Why a gateway is to drain. Times in epoch milliseconds of this host. */
export const DrainOrder = z.object({
  admission: z.string(),
  by: z.string(),
  reason: z.string(),
  since: z.number(),
  /** null: until somebody says so. */
  until: z.nullable(z.number()),
})
export type DrainOrder = z.infer<typeof DrainOrder>

/** Who ordered what is no order of the plane. */
export const byHand = 'hand'

/** The order for a gateway that follows from one for its node; undefined: it shall serve. @param now epoch milliseconds */
export function drainOf({ admission, by, reason, leftMs }: NodeOrder, now: number): DrainOrder | undefined {
  if (admission === 'active' || (leftMs !== undefined && leftMs <= 0)) return undefined
  return { admission, by, reason, since: now, until: leftMs === undefined ? null : now + leftMs }
}

/** An order as it stands in a file, which a proxy may read as one of its own: it is a comment there. */
export function drainText(order: DrainOrder): string {
  return `# ${JSON.stringify(order)}\n`
}

/** The order in such a file. One that somebody made by hand is an order, too. @param since when it was made, epoch milliseconds */
export function readDrainText(text: string, since: number): DrainOrder {
  try {
    return z.parse(DrainOrder, JSON.parse(text.replace(/^#\s*/, '')))
  } catch {
    return { admission: 'draining', by: byHand, reason: '', since, until: null }
  }
}

/** Whether both ask for the same, whenever they were given. */
export function sameDrain(a: DrainOrder | undefined, b: DrainOrder | undefined): boolean {
  if (!a || !b) return a === b
  return a.admission === b.admission && a.by === b.by && a.reason === b.reason
}

/** How far a drain has come. @param requests that are under way; undefined: the proxy does not say */
export function drainStateOf(elapsedMs: number, noticeMs: number, requests: number | undefined): DrainState {
  const counted = requests === undefined ? {} : { requests }
  if (elapsedMs < noticeMs) return { state: 'noticed', ...counted }
  return { state: (requests ?? 0) > 0 ? 'draining' : 'drained', ...counted }
}
