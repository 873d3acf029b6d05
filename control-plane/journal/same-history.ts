import { isDeepStrictEqual } from 'node:util'
import { Failure } from '#shared/failure/failure.ts'
import type { JournalEntry } from '../fleet/event.ts'
import { encodeEvent } from './stored-event.ts'

/**
 * That the store has another entry at a revision than the one that was taken from it: it went back, and others went on from there. Undefined:
 * it has the same one.
 */
export function otherHistory(taken: JournalEntry, stored: JournalEntry): Failure | undefined {
  if (taken.revision === stored.revision && isDeepStrictEqual(encodeEvent(taken.event), encodeEvent(stored.event))) {
    return undefined
  }
  return new Failure('STORE_CORRUPT', `Revision ${taken.revision} is another one than was acknowledged.`, {
    remedy:
      'The database lost acknowledged changes, and others were made since. See that it is the right one; then restart this control plane: it takes what the database holds, and agents say again what is so.',
  })
}
