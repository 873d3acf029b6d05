import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuditDraft } from '../fleet/audit.ts'
import type { Change } from '../fleet/event.ts'
import { subjectOf } from '../fleet/event.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { beforeOf } from './before.ts'
import { redactedJson, redactedText } from './redact.ts'

/** What is known of a request whose changes are written down. */
export type Doing = {
  readonly caller: string
  readonly from: string
  readonly operation: string
  /** The path that it was asked under. */
  readonly path: string
  /** In whose name changes are made; undefined: in the one that the request says. */
  readonly author: string | undefined
  /** It was answered: what still happens then is not done by it. */
  readonly isOver: () => boolean
}

export type Done = Partial<Pick<AuditDraft, 'subject' | 'why'>> & {
  readonly before?: unknown
  readonly after?: unknown
}

/** Who is doing what, for everything that is written on the way. */
export class Trail {
  readonly #doing = new AsyncLocalStorage<Doing>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** Whatever is begun in `work` is done by this. */
  run<T>(doing: Doing, work: () => T): T {
    return this.#doing.run(doing, work)
  }

  /** The row of something that is done just now; undefined: by nobody whose doings are written down. */
  draft({ subject, before, after, why = '' }: Done): AuditDraft | undefined {
    const doing = this.#doing.getStore()
    if (!doing || doing.isOver()) return undefined
    return draftOf(doing, { subject: subject ?? doing.path, before, after, why }, this.#now())
  }

  /** Records with a row of the audit, and in the name of who was proven to ask. */
  recording(record: RecordChange, fleet: FleetView): RecordChange {
    return (said, options) => {
      const doing = this.#doing.getStore()
      if (!doing) return record(said, options)
      const change = withoutTokens(said)
      const by = doing.author ?? options.by
      const audit = draftOf(doing, doneOf(change, fleet), this.#now())
      return record(change, { ...options, by, audit })
    }
  }
}

/** Reasons are written by people in a hurry, and stay in the journal. */
function withoutTokens(change: Change): Change {
  if (!('reason' in change) || typeof change.reason !== 'string') return change
  const reason = redactedText(change.reason)
  return reason === change.reason ? change : ({ ...change, reason } as Change)
}

export function draftOf(
  { caller, from, operation, path }: Omit<Doing, 'author' | 'isOver'>,
  done: Done,
  at: number,
): AuditDraft {
  const { subject = path, before, after, why = '' } = done
  return {
    at,
    caller,
    from,
    operation,
    subject: redactedText(subject),
    before: redactedJson(before),
    after: redactedJson(after),
    why: redactedText(why),
  }
}

function doneOf(change: Change, fleet: FleetView): Done {
  const subject = subjectOf(change)
  const why =
    'reason' in change && typeof change.reason === 'string' ? change.reason : 'comment' in change ? change.comment : ''
  return {
    subject: subject.kind === 'installation' ? 'installation' : `${subject.kind}:${subject.id}`,
    before: beforeOf(change, fleet),
    after: change,
    why,
  }
}
