import { once } from 'node:events'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Failure } from '#shared/failure/failure.ts'
import type { JournalConfig } from './config.ts'
import { openPostgresql } from './postgresql/open-postgresql.ts'
import type { SqliteSettings } from './sqlite/open-sqlite.ts'
import { type Answer, type Call, type Method, unpackFailure } from './sqlite/worker-messages.ts'
import type { Store } from './store.ts'

/**
 * How each method waits. `now`: handed to the worker at once. `behind`: one at a time, so that an append never finds more than one of
 * them before it.
 */
const lanes = {
  head: 'now',
  append: 'now',
  read: 'now',
  revisionAt: 'now',
  oldest: 'now',
  probe: 'now',
  snapshots: 'now',
  snapshotPart: 'now',
  saveSnapshotPart: 'behind',
  finishSnapshot: 'behind',
  dropSnapshot: 'behind',
  dropParts: 'behind',
  dropEntries: 'behind',
  tableCursor: 'behind',
  writeTables: 'behind',
  serviceIds: 'behind',
  serviceBeats: 'behind',
  nodeIds: 'behind',
  saveBeats: 'behind',
  saveRollups: 'behind',
  dropRollups: 'behind',
  metricsOf: 'behind',
  readRollups: 'behind',
  addSyncTask: 'behind',
  syncTask: 'behind',
  syncTasks: 'behind',
  importRows: 'behind',
  addRoutingVersion: 'behind',
  changeRoutingVersions: 'behind',
  routingVersions: 'behind',
  routingVersion: 'behind',
  newestRoutingVersion: 'behind',
  saveRoutingSplits: 'behind',
  routingSplits: 'behind',
  claimLeadership: 'now',
  resignLeadership: 'now',
  leadership: 'now',
  beatReplica: 'behind',
  dropReplica: 'behind',
  replicas: 'behind',
  authorities: 'behind',
  addAuthority: 'behind',
  changeAuthorities: 'behind',
  addToken: 'behind',
  token: 'behind',
  tokens: 'behind',
  endToken: 'behind',
  dropTokens: 'behind',
  identity: 'behind',
  identities: 'behind',
  changeIdentity: 'behind',
  revocations: 'behind',
  addRevocations: 'behind',
  dropRevocations: 'behind',
  changeApiTokens: 'behind',
  addFirstApiToken: 'behind',
  apiToken: 'now',
  apiTokens: 'behind',
  hasApiTokens: 'now',
  usedApiToken: 'behind',
  dropApiTokens: 'behind',
  countTries: 'now',
  lockedTries: 'now',
  users: 'behind',
  user: 'now',
  addUser: 'behind',
  changeUser: 'behind',
  addSignInLink: 'behind',
  addFirstSignInLink: 'behind',
  useSignInLink: 'now',
  arrive: 'now',
  endSessionsOf: 'behind',
  session: 'now',
  sessions: 'behind',
  sawSession: 'behind',
  endSession: 'now',
  hasEnrolledUsers: 'now',
  beginSignIn: 'now',
  takeSignIn: 'now',
  dropPeople: 'behind',
  appendAudit: 'now',
  readAudit: 'behind',
  auditChain: 'behind',
  dropAudit: 'behind',
  audited: 'behind',
  environmentsTaken: 'now',
  addEnvironment: 'now',
  changeEnvironment: 'now',
  environment: 'now',
  environments: 'behind',
  dueEnvironments: 'behind',
  environmentsHeld: 'behind',
  dropEnvironments: 'behind',
  saveRelease: 'behind',
  releases: 'behind',
  saveRollouts: 'behind',
  rollouts: 'behind',
} as const satisfies Record<Method, 'now' | 'behind'>

export type StoreSettings = Pick<JournalConfig, 'path' | 'max_megabytes' | 'postgresql'>

/**
 * Opens the store that the configuration names: a PostgreSQL, or SQLite, in a worker thread, since it is synchronous.
 * Rejects with STORE_IN_USE, STORE_TOO_NEW, STORE_CORRUPT or STORE_UNAVAILABLE. Disposing waits for what has been called.
 */
export async function openStore(config: StoreSettings): Promise<Store> {
  return config.postgresql ? openPostgresql(config.postgresql, resolve(config.path)) : openFile(config)
}

async function openFile(config: StoreSettings): Promise<Store> {
  const path = config.path === ':memory:' ? config.path : resolve(config.path)
  const mostBytes = config.max_megabytes === undefined ? undefined : config.max_megabytes * 1024 * 1024
  const worker = new StoreWorker({ path, mostBytes })
  const installation = await worker.open()
  const methods = Object.fromEntries(
    (Object.keys(lanes) as Method[]).map((method) => [
      method,
      (...args: readonly unknown[]) => worker.call(method, args),
    ]),
  ) as Omit<Store, 'installation' | 'name' | 'sharing' | typeof Symbol.asyncDispose>
  return { ...methods, installation, name: path, [Symbol.asyncDispose]: () => worker.close() }
}

type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (error: Failure) => void }

/** Calls into the worker, and answers out of it. A worker that dies is replaced at the next call. */
class StoreWorker {
  readonly #settings: SqliteSettings
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #opened: Promise<string> | undefined
  #calls = 0
  #behind: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(settings: SqliteSettings) {
    this.#settings = settings
  }

  /** Resolves with the installation's id. */
  open(): Promise<string> {
    this.#opened ??= this.#start()
    return this.#opened
  }

  call(method: Method, args: readonly unknown[]): Promise<unknown> {
    if (lanes[method] === 'now') return this.#send(method, args)
    const turn = this.#behind.then(() => this.#send(method, args))
    this.#behind = turn.catch(() => {})
    return turn
  }

  async close(): Promise<void> {
    await this.#behind
    this.#closed = true
    if (!this.#worker) return
    const exited = once(this.#worker, 'exit')
    this.#worker.postMessage('close')
    await exited
  }

  #start(): Promise<string> {
    const worker = new Worker(new URL('./sqlite/store-worker.ts', import.meta.url), { workerData: this.#settings })
    this.#worker = worker
    return new Promise((resolve, reject) => {
      worker.on('message', (answer: Answer) => {
        switch (answer.kind) {
          case 'opened':
            return resolve(answer.installation)
          case 'refused':
            return reject(unpackFailure(answer.failure))
          case 'done':
            return this.#take(answer.id)?.resolve(answer.result)
          case 'failed':
            return this.#take(answer.id)?.reject(unpackFailure(answer.failure))
        }
      })
      let cause: unknown
      worker.on('error', (error) => {
        cause = error
      })
      worker.on('exit', () => reject(this.#end(cause)))
    })
  }

  async #send(method: Method, args: readonly unknown[]): Promise<unknown> {
    if (this.#closed) throw this.#unavailable('is closed')
    if (!this.#worker) await this.open()
    return await new Promise((resolve, reject) => {
      this.#calls += 1
      const call: Call = { id: this.#calls, method, args }
      this.#worker?.postMessage(call)
      this.#waiting.set(call.id, { resolve, reject })
    })
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  /** What was under way may or may not have happened. */
  #end(cause: unknown): Failure {
    const failure = this.#unavailable(this.#closed ? 'is closed' : 'broke off', cause)
    this.#worker = undefined
    this.#opened = undefined
    for (const { reject } of this.#waiting.values()) reject(failure)
    this.#waiting.clear()
    return failure
  }

  #unavailable(what: string, cause?: unknown): Failure {
    return new Failure('STORE_UNAVAILABLE', `The store ${this.#settings.path} ${what}.`, { retryable: true, cause })
  }
}
