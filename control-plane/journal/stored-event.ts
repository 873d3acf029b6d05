import { Failure } from '#shared/failure/failure.ts'
import { type Change, type FleetEvent, type JournalEntry, subjectOf } from '../fleet/event.ts'

/** The version of the events that this program writes. It rises when an older reader would misunderstand. */
export const eventVersion = 1

/** An event as the journal keeps it: what is asked for in columns, the change itself as JSON. */
export type StoredEvent = {
  readonly at: number
  readonly by: string
  readonly subjectKind: string
  /** Empty for the installation. */
  readonly subjectId: string
  readonly version: number
  readonly kind: string
  readonly seen: number | null
  readonly body: string
  /** Whose the subject was; null or left out: nobody's. */
  readonly tenant?: string | null
}

export type StoredEntry = StoredEvent & { readonly revision: number }

const kinds: Readonly<Record<Change['kind'], true>> = {
  'node-joined': true,
  'node-attached': true,
  'contact-changed': true,
  'node-demoted': true,
  'node-admitted': true,
  'node-left': true,
  'node-assigned': true,
  'history-told': true,
  registered: true,
  judged: true,
  'death-confirmed': true,
  'fell-silent': true,
  admitted: true,
  deregistered: true,
  'foreign-found': true,
  'foreign-judged': true,
  'foreign-gone': true,
  'log-level-ordered': true,
  'restart-ordered': true,
  'restart-ended': true,
  'settings-written': true,
  frozen: true,
  thawed: true,
  'hold-begun': true,
  'hold-ended': true,
  restored: true,
}

export function encodeEvent(event: FleetEvent): StoredEvent {
  const { at, by, seen, tenant, change, version } = event
  const subject = subjectOf(change)
  return {
    at,
    by,
    subjectKind: subject.kind,
    subjectId: subject.kind === 'installation' ? '' : storable(subject.id),
    version,
    kind: change.kind,
    seen: seen ?? null,
    body: JSON.stringify(change),
    tenant: tenant === undefined ? null : storable(tenant),
  }
}

/** What `encodeEvent` was given. Throws STORE_TOO_NEW for an event of a newer Heddle, STORE_CORRUPT for one that cannot be read. */
export function decodeEntry({ revision, at, by, version, kind, seen, body, tenant }: StoredEntry): JournalEntry {
  if (version !== eventVersion || !Object.hasOwn(kinds, kind)) {
    throw new Failure(
      'STORE_TOO_NEW',
      `Event ${revision} is "${kind}" of version ${version}; this version does not know it.`,
    )
  }
  const change = decodeChange(revision, body)
  const owned = tenant === undefined || tenant === null ? {} : { tenant }
  const event = { version: eventVersion, at, by, ...owned, change } as const
  return { revision, event: seen === null ? event : { ...event, seen } }
}

function decodeChange(revision: number, body: string): Change {
  let change: Change
  try {
    change = JSON.parse(body) as Change
  } catch (cause) {
    throw new Failure('STORE_CORRUPT', `Event ${revision} cannot be read.`, { cause })
  }
  // JSON has no undefined: what is known to be there without a value is put back.
  if (change.kind === 'admitted' && change.expiresAt === undefined) return { ...change, expiresAt: undefined }
  return change
}

/** Text that every store takes and gives back as it was: well formed, without the null character, which PostgreSQL refuses. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}
