import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '#shared/failure/failure.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { AuditDraft } from '../fleet/audit.ts'
import type {
  Allocated,
  Environment,
  EnvironmentAdded,
  EnvironmentFilter,
  EnvironmentStore,
  NewEnvironment,
  Requirement,
} from '../fleet/environments.ts'
import { allocate, type Server } from './allocate.ts'
import { afterStep, nextStep, type Outcome, released, type Step, triesUntilShown } from './next-step.ts'
import type { ZerviUsers } from './zervi-users.ts'

/** What the audit keeps of a change; by the plane itself where nobody asked for it. */
export type DraftChange = (done: {
  readonly subject: string
  readonly before?: object
  readonly after: object
  readonly why: string
}) => AuditDraft

export type EnvironmentsParts = {
  readonly store: EnvironmentStore
  /** Undefined: it is not known where Zervi is. */
  readonly users: ZerviUsers | undefined
  /** The Basic Servers that a tenant may have; empty: nobody's. */
  readonly servers: (tenant: string) => readonly Server[]
  /** How many environments a tenant may have. */
  readonly quota: (tenant: string) => number
  /** One was refused for its quota. */
  readonly onQuota: (tenant: string) => Failure
  readonly draft: DraftChange
  readonly tries: number
  /** Whoever works on one has it for so long after each step, then whoever leads takes it up; a step takes less. */
  readonly leaseMs: number
  readonly lifetimeMs: number | undefined
  readonly keptMs: number
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now?: () => number
}

type Draft = Omit<NewEnvironment, 'server' | 'capacity' | 'quota' | 'at' | 'dueAt'>

export type Wanted = Pick<Environment, 'tenant' | 'username' | 'email' | 'author' | 'reason'> & {
  readonly requirement: Requirement
  readonly key: string | undefined
  readonly lifetimeMs: number | undefined
}

/** Whoever asks waits for so long at most. */
const answerWithinMs = 20_000
const mostDue = 100
/** Decisions that others overtake, one after the other. */
const mostTries = 50
const nowhere: Allocated = { instance: '', node: '', site: '', machine: '' }
/** Environments that a person is told of. */
const mostShown = 5
/** Environments that are worked on at once by the timetable. */
const atOnce = 4

/** The environments of users: made, released and expired, all of it or nothing. */
export class Environments {
  readonly #parts: EnvironmentsParts
  readonly #now: () => number
  /** Those that are worked on here. */
  readonly #working = new Map<string, Promise<Environment>>()
  /** Those that could not be taken back here, again and again. */
  readonly #stuck = new Map<string, Environment>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: EnvironmentsParts) {
    this.#parts = parts
    this.#now = parts.now ?? Date.now
  }

  /**
   * Makes one, or resolves with the one that the same call made before. What it resolves with may still be on its way. Rejects with
   * ENVIRONMENTS_OFF, ENVIRONMENT_NO_ROOM, TENANT_QUOTA, ENVIRONMENT_KEY_REUSED, and as the store does.
   */
  async create(wanted: Wanted): Promise<Environment> {
    const { users, lifetimeMs: usual } = this.#parts
    if (!users) throw new Failure('ENVIRONMENTS_OFF', 'No environment can be made: `zervi` is not configured.')
    const { tenant, username, email, requirement, author, reason, key, lifetimeMs = usual } = wanted
    const id = `e-${randomBytes(10).toString('hex')}`
    const requestHash = hashOf({ username, email, requirement, lifetimeMs: wanted.lifetimeMs })
    const expiresAt = lifetimeMs === undefined ? undefined : this.#now() + lifetimeMs
    const draft: Draft = {
      id,
      tenant,
      key: key ?? id,
      requestHash,
      username,
      email,
      requirement,
      author,
      reason,
      expiresAt,
    }
    const added = await this.#inTurn(() => this.#add(draft))
    if (added.kind === 'there') {
      if (added.environment.requestHash !== requestHash)
        throw new Failure(
          'ENVIRONMENT_KEY_REUSED',
          `The key ${key} belongs to the environment ${added.environment.id}.`,
        )
      const waited = this.#working.get(added.environment.id)
      return waited ? await this.#inTime(waited, added.environment) : added.environment
    }
    return await this.#inTime(this.#drive(added.environment, true), added.environment)
  }

  /** Resolves with the environment, released or on its way to it; undefined: there is none such. Rejects as the store does. */
  async release(id: string, tenant: string | undefined, why: string): Promise<Environment | undefined> {
    for (;;) {
      const known = await this.get(id, tenant)
      if (!known) return undefined
      const next = released(known, why, this.#now())
      if (!next) {
        if (known.state !== 'creating') return known
        throw new Failure('VERSION_CHANGED', `The environment ${id} is still being made.`, { retryable: true })
      }
      const row = this.#parts.draft({
        subject: `environment:${id}`,
        before: { state: known.state },
        after: { state: next.state },
        why,
      })
      const changed = await this.#parts.store.changeEnvironment({ ...next, dueAt: this.#now() + this.#parts.leaseMs }, [
        row,
      ])
      if (changed) return await this.#inTime(this.#drive(changed, true), changed)
    }
  }

  /** @param tenant whose it must be; undefined: anybody's */
  async get(id: string, tenant: string | undefined): Promise<Environment | undefined> {
    const found = await this.#parts.store.environment(id)
    return found && (tenant === undefined || found.tenant === tenant) ? found : undefined
  }

  list(filter: EnvironmentFilter): Promise<readonly Environment[]> {
    return this.#parts.store.environments(filter)
  }

  held(): Promise<ReadonlyMap<string, number>> {
    return this.#parts.store.environmentsHeld()
  }

  /** Takes up what was left, releases what has expired, and forgets what is long over. Only whoever leads calls it. Rejects as the store does. */
  async look(): Promise<void> {
    const { store, users, keptMs } = this.#parts
    const now = this.#now()
    await store.dropEnvironments(now - keptMs, mostDue)
    const due = await store.dueEnvironments(now, mostDue)
    if (!users) return
    const waiting = due.filter(({ id }) => !this.#working.has(id))
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await this.#takeUp(next)
      }),
    )
  }

  /** What a person should know. */
  problems(): readonly string[] {
    const lines = this.#stuck.values().take(mostShown).toArray()
    return lines.map(
      ({ id, failures, why }) => `ENVIRONMENT_ZERVI_AWAY: ${id} cannot be taken back after ${failures} tries: ${why}`,
    )
  }

  /** Decides by what is held, and writes it down if that is so still; else it decides anew. */
  async #add(draft: Draft): Promise<Exclude<EnvironmentAdded, { kind: 'overtaken' }>> {
    const { store } = this.#parts
    const { id, tenant, username, requirement, reason: why } = draft
    const quota = tenant === '' ? Number.MAX_SAFE_INTEGER : this.#parts.quota(tenant)
    for (let tries = 0; tries < mostTries; tries += 1) {
      const taken = await store.environmentsTaken()
      const own = taken.reduce((sum, each) => sum + (each.tenant === tenant ? each.environments : 0), 0)
      const allocation = allocate(requirement, this.#parts.servers(tenant), taken, tenant)
      const refused = own >= quota || allocation.kind === 'refused'
      // Whoever has made one by this key gets that one, however full it is by now.
      const server = refused ? nowhere : allocation.server
      const capacity = refused ? 0 : allocation.capacity
      const at = this.#now()
      const row = this.#parts.draft({
        subject: `environment:${id}`,
        after: { tenant, username, server, requirement },
        why,
      })
      const added = await store.addEnvironment(
        { ...draft, server, capacity, quota, at, dueAt: at + this.#parts.leaseMs },
        [row],
      )
      if (added.kind !== 'overtaken') return added
      if (own >= quota) throw this.#parts.onQuota(tenant)
      if (allocation.kind === 'refused') throw new Failure(allocation.code, allocation.why)
    }
    throw new Failure('STORE_OVERLOADED', 'Other planes make environments all the time.', { retryable: true })
  }

  /** One after the other: those of one plane need not overtake each other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  async #takeUp(environment: Environment): Promise<void> {
    const { store, draft } = this.#parts
    const now = this.#now()
    const expired = released(environment, 'its time is over', now)
    const claimed = { ...(expired ?? environment), dueAt: now + this.#parts.leaseMs }
    const row = expired
      ? [
          draft({
            subject: `environment:${environment.id}`,
            before: { state: 'ready' },
            after: { state: 'releasing' },
            why: expired.why,
          }),
        ]
      : []
    const ours = await store.changeEnvironment(claimed, row)
    if (ours) await this.#drive(ours, false)
  }

  #drive(environment: Environment, patient: boolean): Promise<Environment> {
    const { id } = environment
    const work = this.#work(environment, patient).finally(() => this.#working.delete(id))
    this.#working.set(id, work)
    return work
  }

  /** Goes on step by step until there is none, somebody else has it, or it has to wait. @param patient waits a little between tries itself */
  async #work(environment: Environment, patient: boolean): Promise<Environment> {
    let current = environment
    for (let step = nextStep(current); step; step = nextStep(current)) {
      const tried = await this.#try(current, step)
      if (!tried) return (await this.#parts.store.environment(current.id)) ?? current
      const { before, outcome } = tried
      const after = afterStep(before, step, outcome, this.#parts.tries, this.#now())
      const waits = after.failures > before.failures
      const due = after.dueAt ?? 0
      const goesOn = after.dueAt !== undefined && (!waits || (patient && after.state === 'creating'))
      const kept = await this.#keep(before, goesOn ? { ...after, dueAt: due + this.#parts.leaseMs } : after)
      if (!kept) {
        this.#stuck.delete(current.id)
        return (await this.#parts.store.environment(current.id)) ?? before
      }
      current = kept
      if (kept.failures >= triesUntilShown) this.#stuck.set(kept.id, kept)
      else this.#stuck.delete(kept.id)
      if (!goesOn) return current
      if (waits) await pause(Math.max(0, due - this.#now()))
    }
    return current
  }

  /** Undefined: somebody else has it by now. */
  async #try(environment: Environment, step: Step) {
    const { users, store, log } = this.#parts
    if (!users) return undefined
    const { userId, steps } = environment
    const asking = async (what: 'user' | 'grants') => {
      if (steps[what] !== 'none') return environment
      // What may be there from now on has to be looked for when it is undone, whatever becomes of this plane.
      const asked = { ...environment, steps: { ...steps, [what]: 'asked' as const }, updatedAt: this.#now() }
      return await store.changeEnvironment({ ...asked, dueAt: this.#now() + this.#parts.leaseMs })
    }
    const told = (before: Environment, outcome: Outcome) => {
      if (outcome.kind !== 'done')
        log.warn({ environment: environment.id, step, ...outcome }, 'a step of an environment failed')
      return { before, outcome }
    }
    switch (step) {
      case 'make-user': {
        // One that was made, and whose answer was lost, is found again; and while Zervi does not answer nothing is asked of it.
        const found = await users.find(environment.id)
        if (found.kind === 'found') return told(environment, { kind: 'done', userId: found.userId })
        if (found.kind !== 'none') return told(environment, found)
        const before = await asking('user')
        return before && told(before, await users.make(before))
      }
      case 'grant': {
        const before = await asking('grants')
        return before && told(before, await users.grant(before, userId ?? ''))
      }
      case 'revoke':
        return told(environment, await users.revoke(environment, userId ?? ''))
      case 'remove-user': {
        const found = await users.find(environment.id)
        if (found.kind === 'none') return told(environment, { kind: 'done' })
        return told(environment, found.kind === 'found' ? await users.remove(found.userId) : found)
      }
      case 'finish':
        return told(environment, { kind: 'done' })
    }
  }

  async #keep(before: Environment, after: Environment): Promise<Environment | undefined> {
    const { store, draft } = this.#parts
    if (before.state === after.state) return await store.changeEnvironment(after)
    const { id, state, code, why } = after
    const row = draft({ subject: `environment:${id}`, before: { state: before.state }, after: { state, code }, why })
    return await store.changeEnvironment(after, [row])
  }

  /** It goes on when nobody waits for it any more. */
  async #inTime(work: Promise<Environment>, known: Environment): Promise<Environment> {
    const waiting = new AbortController()
    const late = pause(answerWithinMs, undefined, { ref: false, signal: waiting.signal }).then(
      async () => (await this.#parts.store.environment(known.id)) ?? known,
    )
    late.catch(() => {})
    try {
      return await Promise.race([work, late])
    } finally {
      waiting.abort()
    }
  }
}

function hashOf(asked: object): string {
  return createHash('sha256').update(JSON.stringify(asked, sorted)).digest('base64url')
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
