import { pause } from '#shared/lifecycle/repeat.ts'
import { Wake } from '#shared/lifecycle/wake.ts'
import type { Logger } from '#shared/logging/logger.ts'
import type { Replica, StoredReplica } from '../fleet/replica.ts'
import { isOtherSet, type ReplicaSeen, replicasSeen } from './replica.ts'

/** The rows of all replicas; main hands them over. */
export type ReplicaRows = {
  beatReplica(replica: Replica, keptMs: number): Promise<readonly StoredReplica[]>
  dropReplica(run: string): Promise<void>
  replicas(): Promise<readonly StoredReplica[]>
}

export type ReplicasParts = {
  /** Undefined where nobody shares the store: then this is the only one, and nothing is written. */
  readonly rows: ReplicaRows | undefined
  readonly self: Omit<Replica, 'state' | 'revision' | 'sessions'>
  /** How far the fleet of this one has come. */
  readonly revision: () => number
  readonly log: Logger
  readonly beatEveryMs?: number
}

const usualBeatMs = 1_000
/** One that was not seen for longer is forgotten; until then people can see what became of it. */
const keptMs = 600_000
/** What is under way at the end may take so long. */
const closeWithinMs = 1_000

/** Says again and again that this replica lives, once it is announced, and keeps who else does. */
export class Replicas implements AsyncDisposable {
  readonly #parts: ReplicasParts
  readonly #closing = new AbortController()
  readonly #wake = new Wake()
  readonly #listeners = new Set<(replicas: readonly ReplicaSeen[]) => void>()
  readonly #rounds: Promise<void>
  readonly #cameAt = performance.now()
  #announced = false
  #state: Replica['state'] = 'serving'
  #sessions: () => number = () => 0
  #rows: readonly StoredReplica[] = []
  #told: readonly ReplicaSeen[] = []
  #lookedAt: number | undefined
  #failing = false

  constructor(parts: ReplicasParts) {
    this.#parts = parts
    this.#told = this.list()
    this.#rounds = this.#beatInRounds()
  }

  /** All that are known, the oldest first, this one included. While the store is away: as it was before. */
  list(): readonly ReplicaSeen[] {
    return replicasSeen(this.#rows, this.#self, performance.now() - this.#cameAt)
  }

  /** The others that live, the oldest first. */
  others(): readonly ReplicaSeen[] {
    return this.list().filter(({ self, alive }) => alive && !self)
  }

  find(run: string): ReplicaSeen | undefined {
    return this.list().find((replica) => replica.run === run)
  }

  /** How long ago the store was asked, in milliseconds; infinite: it has not answered yet. */
  get lookedAgoMs(): number {
    if (!this.#parts.rows) return 0
    return this.#lookedAt === undefined ? Number.POSITIVE_INFINITY : performance.now() - this.#lookedAt
  }

  /** Calls `listener` with all whenever one comes, goes, falls silent, is heard again or begins to leave. Returns how to stop. */
  readonly onChange = (listener: (replicas: readonly ReplicaSeen[]) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** From now on others hear that this one serves. @param sessions how many agents have a session with it */
  announce(sessions: () => number): void {
    this.#announced = true
    this.#sessions = sessions
    this.#wake.ring()
  }

  /** Says that this one hands its agents over and ends soon. Resolves when that is written, or could not be. */
  async leave(): Promise<void> {
    this.#state = 'leaving'
    await this.#look().catch(() => {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { rows, self } = this.#parts
    this.#closing.abort()
    await this.#rounds
    if (!rows || !this.#announced) return
    await Promise.race([rows.dropReplica(self.run).catch(() => {}), pause(closeWithinMs, new AbortController().signal)])
  }

  get #self(): Replica {
    const { self, revision } = this.#parts
    return { ...self, state: this.#state, revision: revision(), sessions: this.#sessions() }
  }

  async #beatInRounds(): Promise<void> {
    const { signal } = this.#closing
    const { rows, log, beatEveryMs = usualBeatMs } = this.#parts
    while (rows && !signal.aborted) {
      try {
        await Promise.race([this.#look(), pause(keptMs, signal)])
        this.#failing = false
      } catch (err) {
        if (!this.#failing) log.debug({ err }, 'the replicas could not be asked for')
        this.#failing = true
      }
      await this.#wake.next(beatEveryMs, signal)
    }
  }

  async #look(): Promise<void> {
    const { rows } = this.#parts
    if (!rows) return
    const askedAt = performance.now()
    this.#rows = this.#announced ? await rows.beatReplica(this.#self, keptMs) : await rows.replicas()
    this.#lookedAt = askedAt
    const before = this.#told
    this.#told = this.list()
    if (!isOtherSet(before, this.#told)) return
    for (const listener of [...this.#listeners]) listener(this.#told)
  }
}
