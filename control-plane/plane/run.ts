import type { Logger } from '#shared/logging/logger.ts'
import type { PlaneConfig } from '../config.ts'

/** One process of a plane, from its start to its end. */
export type Run = {
  /** Random for each process. */
  readonly id: string
  /** `plane:<id>`, as the author of what this process records. */
  readonly by: string
  readonly config: PlaneConfig
  readonly log: Logger
  readonly version: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  /** Signalled when it is to end. */
  readonly signal: AbortSignal
}
