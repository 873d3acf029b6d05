import { explainError, Failure, type FailureCode } from '#shared/failure/failure.ts'
import type { AccessStore } from '../../fleet/access.ts'
import type { AuditStore } from '../../fleet/audit.ts'
import type { EnvironmentStore } from '../../fleet/environments.ts'
import type { IdentityStore } from '../../fleet/identity.ts'
import type { PeopleStore } from '../../fleet/people.ts'
import type {
  ImportStore,
  JournalStore,
  LeadershipStore,
  ReplicaStore,
  RoutingSplitStore,
  RoutingVersionStore,
  SyncTaskStore,
  TableStore,
  UpgradeStore,
} from '../store.ts'

/** What a store's methods are called between threads. */
export type Method =
  | keyof JournalStore
  | keyof TableStore
  | keyof SyncTaskStore
  | keyof ImportStore
  | keyof RoutingVersionStore
  | keyof RoutingSplitStore
  | keyof LeadershipStore
  | keyof ReplicaStore
  | keyof IdentityStore
  | keyof AccessStore
  | keyof PeopleStore
  | keyof AuditStore
  | keyof EnvironmentStore
  | keyof UpgradeStore

export type Call = { readonly id: number; readonly method: Method; readonly args: readonly unknown[] }

/** A failure as it crosses threads: errors lose their class on the way. */
export type StoredFailure = {
  readonly code: FailureCode
  readonly message: string
  readonly remedy: string
  readonly retryable: boolean
  readonly cause: string
}

export type Answer =
  | { readonly kind: 'opened'; readonly installation: string }
  | { readonly kind: 'refused'; readonly failure: StoredFailure }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: StoredFailure }

export function packFailure({ code, message, remedy, retryable, cause }: Failure): StoredFailure {
  return { code, message, remedy, retryable, cause: cause === undefined ? '' : explainError(cause) }
}

export function unpackFailure({ code, message, remedy, retryable, cause }: StoredFailure): Failure {
  return new Failure(code, message, { remedy, retryable, cause: cause === '' ? undefined : new Error(cause) })
}
