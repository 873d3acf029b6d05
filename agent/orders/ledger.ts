import * as z from 'zod/mini'
import { RestartOutcome } from '#shared/protocol/orders.ts'

const Entry = z.object({
  id: z.string(),
  name: z.string(),
  /** null: it was begun, and nothing more is known. */
  outcome: z.nullable(RestartOutcome),
  /** Epoch milliseconds: until then it is not forgotten, whatever comes. */
  keepUntil: z.number(),
})
export type Entry = z.infer<typeof Entry>

/** The restart orders that this agent has met, oldest first. What stands here is never run again. */
export const Ledger = z.object({ version: z.literal(1), entries: z.array(Entry) })
export type Ledger = z.infer<typeof Ledger>

export const emptyLedger: Ledger = { version: 1, entries: [] }
export const mostEntries = 500

export function entryOf(ledger: Ledger, id: string): Entry | undefined {
  return ledger.entries.find((entry) => entry.id === id)
}

/**
 * With this entry instead of the one of its id, and without what may be forgotten: what is neither desired nor fresh. Undefined: there
 * is no room for another one.
 * @param now epoch milliseconds
 */
export function withEntry(
  ledger: Ledger,
  entry: Entry,
  isDesired: (id: string) => boolean,
  now: number,
): Ledger | undefined {
  const known = ledger.entries.some(({ id }) => id === entry.id)
  const entries = known
    ? ledger.entries.map((each) => (each.id === entry.id ? entry : each))
    : [...ledger.entries.filter(({ id, keepUntil }) => isDesired(id) || keepUntil > now), entry]
  return !known && entries.length > mostEntries ? undefined : { ...ledger, entries }
}

/** After a start: what was under way then has been interrupted. */
export function interrupted(ledger: Ledger): Ledger {
  if (ledger.entries.every(({ outcome }) => outcome !== null)) return ledger
  const why = 'the agent ended while it ran'
  const outcome: RestartOutcome = { state: 'interrupted', why, output: '', tookMs: 0 }
  return { ...ledger, entries: ledger.entries.map((entry) => (entry.outcome ? entry : { ...entry, outcome })) }
}
