import type { ImportEnd, KeptRow, KeptTable } from '#shared/protocol/registry-import.ts'
import type { ImportStore } from '../store.ts'
import { importedAtOnce } from './import-queries.ts'

type How = { readonly overwrite: boolean; readonly dryRun: boolean }

/** A clock that is a little ahead is no fault. */
const mostAheadMs = 60_000

/**
 * Takes rows of a former registry into the store, some hundred at a time so that others get their turn. Values that would be dropped at
 * once, for their age, are not taken.
 */
export function keepImported(store: ImportStore, { retention }: { readonly retention: number }) {
  return async <T extends KeptTable>(
    table: T,
    rows: readonly KeptRow<T>[],
    how: How,
  ): Promise<readonly ImportEnd[]> => {
    const ends: ImportEnd[] = []
    // What is not written yet is known only to those of one look.
    const atOnce = how.dryRun ? rows.length : importedAtOnce
    for (let from = 0; from < rows.length; from += atOnce) {
      const at = Date.now()
      const slice = rows.slice(from, from + atOnce)
      const unfit = slice.map((row) => ('timestamp' in row ? ageProblem(row.timestamp, at, retention) : undefined))
      const fit = slice.filter((_, index) => unfit[index] === undefined)
      const kept = fit.length === 0 ? [] : await store.importRows({ table, rows: fit, ...how, at })
      const rest = kept.values()
      ends.push(...unfit.map((end) => end ?? rest.next().value ?? lost))
    }
    return ends
  }
}

const lost: ImportEnd = { outcome: 'refused', reason: 'the store did not say what became of it' }

/** @param at now, epoch milliseconds */
function ageProblem(timestamp: string, at: number, retention: number): ImportEnd | undefined {
  const measured = Date.parse(timestamp)
  if (measured > at + mostAheadMs) {
    return {
      outcome: 'refused',
      reason: 'timestamp: lies in the future',
      remedy: 'Say with --time-zone in which zone times without one are.',
    }
  }
  if (measured >= at - retention) return undefined
  return {
    outcome: 'refused',
    reason: 'timestamp: older than metrics are kept',
    remedy: 'Leave it where it is, or raise journal.metrics.retention before the import.',
  }
}
