import type { Replica, StoredReplica } from '#control-plane/fleet/replica.ts'
import type { SnapshotMark } from '#control-plane/journal/retention.ts'
import type { AppendCondition, Leadership, LeadershipClaim } from '#control-plane/journal/store.ts'
import type { StoredEntry, StoredEvent } from '#control-plane/journal/stored-event.ts'
import { Failure } from '#shared/failure/failure.ts'
import type { Process } from '../time/world.ts'
import { RowLock } from './lock.ts'
import type { End } from './network.ts'

/** What a session asks of the database: a method of the store with its arguments. */
export type Query = { readonly method: string; readonly args: readonly unknown[]; readonly from: Process }
export type Answer = { readonly result: unknown } | { readonly failure: Failure }

/** Who hears of what became durable. */
export type DatabaseWatcher = {
  readonly onCommitted: (entries: readonly StoredEntry[], condition: AppendCondition, from: Process) => void
  readonly onLeadership: (leadership: Leadership, from: Process) => void
}

type Row = { holder: string; run: string; epoch: number; expires: number }

/**
 * A PostgreSQL by its documentation, as far as the store uses it: what is committed is durable and in one order, who shares the row of the
 * leadership holds up whoever wants to change it until the transaction ends, an open transaction ends with the server, and whoever loses
 * the connection does not know whether theirs was committed.
 */
export class DatabaseModel {
  process: Process
  /** How long a flush takes, milliseconds. */
  flushMs: readonly [number, number] = [0.3, 2]
  /** How long an answer takes, milliseconds. */
  busyMs: readonly [number, number] = [0.05, 0.4]
  /** The disk is full: nothing can be written. */
  full = false
  entries: StoredEntry[] = []
  leadership: Row = { holder: '', run: '', epoch: 0, expires: 0 }
  readonly installation: string
  readonly #watcher: DatabaseWatcher
  readonly #replicas = new Map<string, { readonly row: Replica; readonly seenAt: number; readonly cameAt: number }>()
  #marks: SnapshotMark[] = []
  #parts = new Map<string, string>()
  #hearers = new Set<{ readonly end: End; readonly hear: (revision: number) => void }>()
  /** Of sessions that are open now: a server that starts has none. */
  #headRow = new RowLock()
  #leadershipRow = new RowLock()

  constructor(process: Process, installation: string, watcher: DatabaseWatcher) {
    this.process = process
    this.installation = installation
    this.#watcher = watcher
  }

  get head(): number {
    return this.entries.at(-1)?.revision ?? 0
  }

  /** The server runs again, as a new process. */
  restarted(process: Process): void {
    this.process = process
    this.#headRow = new RowLock()
    this.#leadershipRow = new RowLock()
    this.#hearers = new Set()
  }

  /** A backup of now. */
  copy(): Pick<DatabaseModel, 'entries' | 'leadership'> {
    return { entries: [...this.entries], leadership: { ...this.leadership } }
  }

  /** Somebody listens for appends on this connection. */
  listen(end: End, hear: (revision: number) => void): void {
    const hearer = { end, hear }
    this.#hearers.add(hearer)
    end.onClose = () => this.#hearers.delete(hearer)
  }

  serve({ method, args, from }: Query, take: (answer: Answer) => void): void {
    const { process } = this
    const { random } = process.world
    const answer = (made: Answer): void => void process.do(() => take(made), random.between(...this.busyMs))
    const done = (result: unknown) => answer({ result })
    const fail = (failure: Failure) => answer({ failure })
    switch (method) {
      case 'head':
        done(this.head)
        return
      case 'append':
        this.#append(args[0] as readonly StoredEvent[], (args[1] ?? {}) as AppendCondition, from, done, fail)
        return
      case 'read': {
        const [after, limit] = args as [number, number]
        const first = this.entries[0]?.revision ?? 1
        const begin = Math.max(0, after + 1 - first)
        done(this.entries.slice(begin, begin + limit))
        return
      }
      case 'revisionAt': {
        const [time] = args as [number]
        const first = this.entries.find(({ at }) => at >= time)
        done(first ? first.revision - 1 : this.head)
        return
      }
      case 'oldest':
        done(this.entries[0]?.revision)
        return
      case 'probe':
        this.full ? fail(noRoom()) : done(undefined)
        return
      case 'snapshots':
        done(this.#marks.toSorted((a, b) => b.revision - a.revision))
        return
      case 'snapshotPart':
        done(this.#parts.get(args.join(' ')))
        return
      case 'saveSnapshotPart': {
        const [revision, part, body] = args as [number, number, string]
        this.#write(() => void this.#parts.set(`${revision} ${part}`, body), done, fail)
        return
      }
      case 'finishSnapshot':
        this.#write(() => void this.#marks.push(args[0] as SnapshotMark), done, fail)
        return
      case 'dropSnapshot':
        this.#write(
          () => {
            this.#marks = this.#marks.filter(({ revision }) => revision !== args[0])
          },
          done,
          fail,
        )
        return
      case 'dropParts':
        done(0)
        return
      case 'dropEntries': {
        const [upTo, limit] = args as [number, number]
        this.#write(() => this.#drop(upTo, limit), done, fail)
        return
      }
      case 'claimLeadership':
        this.#claim(args[0] as LeadershipClaim, from, done, fail)
        return
      case 'resignLeadership':
        this.#resign(args[0] as string, done, fail)
        return
      case 'leadership':
        done(this.#told())
        return
      case 'beatReplica': {
        const [row, keptMs] = args as [Replica, number]
        this.#write(() => this.#seeReplica(row, keptMs), done, fail)
        return
      }
      case 'dropReplica':
        this.#write(() => void this.#replicas.delete(args[0] as string), done, fail)
        return
      case 'replicas':
        done(this.#allReplicas())
        return
      default:
        fail(new Failure('STORE_UNAVAILABLE', `this database has no ${method}`))
        return
    }
  }

  #append(
    events: readonly StoredEvent[],
    { atLeast = 0, term }: AppendCondition,
    from: Process,
    done: (result: unknown) => void,
    fail: (failure: Failure) => void,
  ): void {
    const row = this.#leadershipRow
    const begin = () => {
      if (term && !this.#lasts(term)) {
        row.release('share')
        return fail(
          new Failure('LEADERSHIP_LOST', `${this.leadership.holder} leads with epoch ${this.leadership.epoch}.`, {
            retryable: true,
          }),
        )
      }
      const end = () => {
        headRow.release('exclusive')
        if (term) row.release('share')
      }
      const headRow = this.#headRow
      headRow.take('exclusive', () => {
        const refusal = this.#refusal(atLeast)
        if (refusal) {
          end()
          return fail(refusal)
        }
        this.#afterFlush(() => {
          const before = this.head
          const entries = events.map((event, place) => ({ revision: before + 1 + place, ...event }))
          this.entries.push(...entries)
          end()
          this.#watcher.onCommitted(entries, { atLeast, ...(term ? { term } : {}) }, from)
          for (const { end: hearing, hear } of this.#hearers) hearing.send(() => hear(this.head))
          done(this.head)
        })
      })
    }
    if (term) row.take('share', begin)
    else begin()
  }

  #refusal(atLeast: number): Failure | undefined {
    if (this.full) return noRoom()
    if (this.head + 1 > atLeast) return undefined
    return new Failure('STORE_CORRUPT', `The store went back from revision ${atLeast} to ${this.head}.`)
  }

  #claim(
    { run, holder, forMs, above = 0 }: LeadershipClaim,
    from: Process,
    done: (result: unknown) => void,
    fail: (failure: Failure) => void,
  ): void {
    const row = this.#leadershipRow
    row.take('exclusive', () => {
      const { leadership } = this
      const now = this.process.machine.epoch
      const free = leadership.run === run || leadership.expires <= now
      if (!free || this.full) {
        // As the store has it: no lease has more left than it was given.
        if (!free && !this.full) this.leadership = { ...leadership, expires: Math.min(leadership.expires, now + forMs) }
        row.release('exclusive')
        return free ? fail(noRoom()) : done(this.#told())
      }
      const renewed = leadership.run === run && leadership.expires > now
      const epoch = renewed ? leadership.epoch : Math.max(leadership.epoch, above) + 1
      this.#afterFlush(() => {
        this.leadership = { run, holder, epoch, expires: now + forMs }
        row.release('exclusive')
        this.#watcher.onLeadership(this.#told(), from)
        done(this.#told())
      })
    })
  }

  #resign(run: string, done: (result: unknown) => void, fail: (failure: Failure) => void): void {
    if (this.full) {
      fail(noRoom())
      return
    }
    const row = this.#leadershipRow
    row.take('exclusive', () =>
      this.#afterFlush(() => {
        if (this.leadership.run === run) this.leadership = { ...this.leadership, expires: 0 }
        row.release('exclusive')
        done(undefined)
      }),
    )
  }

  #told(): Leadership {
    const { holder, run, epoch, expires } = this.leadership
    return { holder, run, epoch, leftMs: expires - this.process.machine.epoch }
  }

  #lasts({ run, epoch }: { readonly run: string; readonly epoch: number }): boolean {
    const { leadership } = this
    return leadership.run === run && leadership.epoch === epoch && leadership.expires > this.process.machine.epoch
  }

  #write(change: () => unknown, done: (result: unknown) => void, fail: (failure: Failure) => void): void {
    if (this.full) {
      fail(noRoom())
      return
    }
    this.#afterFlush(() => {
      done(change())
    })
  }

  #seeReplica(row: Replica, keptMs: number): readonly StoredReplica[] {
    const now = this.process.machine.epoch
    const cameAt = this.#replicas.get(row.run)?.cameAt ?? now
    this.#replicas.set(row.run, { row, seenAt: now, cameAt })
    for (const [run, { seenAt }] of this.#replicas) if (now - seenAt > keptMs) this.#replicas.delete(run)
    return this.#allReplicas()
  }

  #allReplicas(): readonly StoredReplica[] {
    const now = this.process.machine.epoch
    return [...this.#replicas.values()].map(({ row, seenAt, cameAt }) => ({
      ...row,
      agoMs: now - seenAt,
      forMs: now - cameAt,
    }))
  }

  #drop(upTo: number, limit: number): number {
    const count = Math.min(limit, this.entries.filter(({ revision }) => revision <= upTo).length)
    this.entries = this.entries.slice(count)
    return count
  }

  /** If the server ends before, it has not happened. */
  #afterFlush(commit: () => void): void {
    this.process.do(commit, this.process.world.random.between(...this.flushMs))
  }
}

function noRoom(): Failure {
  return new Failure('STORE_UNAVAILABLE', 'no space left on device', { retryable: true })
}
