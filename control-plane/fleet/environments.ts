import type { AuditDraft } from './audit.ts'

/** What a Basic Server is to have. */
export type Requirement = {
  /** Of its capacity. */
  readonly units: number
  readonly site?: string | undefined
  readonly cluster?: string | undefined
  /** What its metadata must say. */
  readonly labels: Readonly<Record<string, string>>
  /** Over what the environments of one tenant are spread first. */
  readonly spread: 'site' | 'machine' | 'none'
}

/** The Basic Server that an environment has, as it was when it was allocated. */
export type Allocated = {
  readonly instance: string
  readonly node: string
  readonly site: string
  readonly machine: string
}

/**
 * creating: being made · ready · undoing: a step failed, and what was done is taken back · failed: nothing of it is left · releasing,
 * released. All but failed and released hold their part of a Basic Server.
 */
export const environmentStates = ['creating', 'ready', 'undoing', 'failed', 'releasing', 'released'] as const
export type EnvironmentState = (typeof environmentStates)[number]

/** none: nothing of it is there · asked: it may be there · done */
export type StepState = 'none' | 'asked' | 'done'

export type Environment = {
  readonly number: number
  readonly id: string
  /** Empty: nobody's. */
  readonly tenant: string
  readonly key: string
  readonly requestHash: string
  readonly state: EnvironmentState
  readonly username: string
  readonly email: string | undefined
  /** Zervi's. */
  readonly userId: string | undefined
  readonly steps: { readonly user: StepState; readonly grants: StepState }
  readonly server: Allocated
  readonly requirement: Requirement
  readonly author: string
  readonly reason: string
  /** Why it is undone or failed; empty: it is not. */
  readonly code: string
  readonly why: string
  /** Tries that failed, one after the other. */
  readonly failures: number
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** From then on whoever leads takes it up; undefined: nothing is to be done. */
  readonly dueAt: number | undefined
  readonly expiresAt: number | undefined
  /** Rises with each change. */
  readonly version: number
}

export type NewEnvironment = Pick<
  Environment,
  'id' | 'tenant' | 'key' | 'requestHash' | 'username' | 'email' | 'requirement' | 'author' | 'reason' | 'expiresAt'
> & {
  /** What was decided for it, and what has to be so still when it is written: else the decision is made anew. */
  readonly server: Allocated
  /** How much the server takes, all environments together. */
  readonly capacity: number
  /** How many environments the tenant may have. */
  readonly quota: number
  readonly at: number
  readonly dueAt: number
}

/** What environments hold of one Basic Server, those of one tenant together. */
export type Taken = Pick<Allocated, 'instance' | 'site' | 'machine'> & {
  readonly tenant: string
  readonly units: number
  readonly environments: number
}

export type Allocation =
  | { readonly kind: 'allocated'; readonly server: Allocated; readonly capacity: number }
  | { readonly kind: 'refused'; readonly code: 'ENVIRONMENT_NO_ROOM'; readonly why: string }

export type EnvironmentAdded =
  | { readonly kind: 'added'; readonly environment: Environment }
  /** The same key was used before. */
  | { readonly kind: 'there'; readonly environment: Environment }
  /** Others came before it: there is no room for it any more where it was to be, or in its tenant's quota. Nothing happened. */
  | { readonly kind: 'overtaken' }

export type EnvironmentFilter = {
  /** Left out: of all. */
  readonly tenant?: string | undefined
  readonly state?: EnvironmentState | undefined
  /** Only those with a smaller number. */
  readonly before?: number | undefined
  readonly limit: number
}

/** Environments of users. Rejects as JournalStore does. */
export interface EnvironmentStore {
  /** What is held now. */
  environmentsTaken(): Promise<readonly Taken[]>
  /** Adds one if there is room for it at that moment, over all planes. */
  addEnvironment(environment: NewEnvironment, audit: readonly AuditDraft[]): Promise<EnvironmentAdded>
  /** Writes one as it is to be, its version one higher. Resolves with it; undefined: somebody else has changed it, and nothing happened. */
  changeEnvironment(environment: Environment, audit?: readonly AuditDraft[]): Promise<Environment | undefined>
  environment(id: string): Promise<Environment | undefined>
  /** Newest first. */
  environments(filter: EnvironmentFilter): Promise<readonly Environment[]>
  /** Those that are to be taken up, and those that have expired. */
  dueEnvironments(now: number, limit: number): Promise<readonly Environment[]>
  /** How many each tenant holds. */
  environmentsHeld(): Promise<ReadonlyMap<string, number>>
  /** Forgets those that ended before a time, at most `limit`. */
  dropEnvironments(before: number, limit: number): Promise<number>
}
