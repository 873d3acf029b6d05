/** Something that a cluster manager handed over to be kept in step. */
export type SyncTask = {
  readonly id: string
  readonly source: string
  /** Empty: every other node. */
  readonly targets: readonly string[]
  readonly dataType: string
  /** JSON. */
  readonly data: string
  readonly priority: number
  /** Epoch milliseconds: what the task says of itself, and when it came. */
  readonly timestamp: number
  readonly at: number
}

/** What is told of a task: all but what it carries. */
export type SyncTaskView = Omit<SyncTask, 'data'> & {
  /** Its place in the order in which they came. */
  readonly number: number
  readonly status: string
  readonly error: string | null
  readonly bytes: number
}

/** How much may be pending, and for how long: what is older has failed. */
export type SyncTaskLimits = { readonly tasks: number; readonly bytes: number; readonly keptMs: number }

/** there: it was kept before · differs: another task has this id · full: the limits are reached */
export type SyncTaskTaken = 'added' | 'there' | 'differs' | 'full'

export type SyncTaskFilter = {
  readonly source: string | undefined
  /** Only those that came before this number; undefined: from the newest on. */
  readonly before: number | undefined
  readonly limit: number
}
