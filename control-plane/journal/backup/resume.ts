/** No Heddle records more changes in a second. */
const mostChangesInSecond = 50_000
/** Where the clocks of backup and restore disagree it is at least this far. */
const least = 1_000_000_000

export type Left = {
  /** The newest revision in the backup. */
  readonly revision: number
  /** The newest revision that is noted here as acknowledged; 0: nothing is noted. */
  readonly acknowledged: number
  /** How long ago the backup was made, milliseconds. */
  readonly ageMs: number
}

/**
 * The revision at which a restored journal goes on. What was recorded after the backup is lost, but others have seen its revisions: a
 * reader of events its cursor, a client the version of what it changed. None of these must ever mean something else, so the journal goes on
 * above all that can have been, at a number that people recognise: a whole thousand million.
 */
export function resumeAt({ revision, acknowledged, ageMs }: Left): number {
  const possible = Math.ceil(Math.max(0, ageMs) / 1_000) * mostChangesInSecond
  const above = Math.max(revision, acknowledged) + Math.max(least, possible)
  return Math.ceil(above / least) * least
}

/** Leaderships are counted far more slowly: one every four seconds. */
export function resumeEpoch(epoch: number): number {
  return epoch + least
}
