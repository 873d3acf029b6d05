import type { Logger } from '#shared/logging/logger.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { RecordChange } from '../fleet/record.ts'
import { type ForeignDatacenter, ForeignFollower, type ForeignStatus } from './follow.ts'

export type ForeignParts = {
  readonly fleet: FleetView
  readonly record: RecordChange
  readonly owner: string
  readonly by: string
  readonly log: Logger
  /** How long a datacenter may stay silent before its last journalled list stands in for it. */
  readonly standInAfterMs?: number
}

export type Foreign = AsyncDisposable & {
  readonly status: () => readonly ForeignStatus[]
  /** Whether each datacenter has answered, or has had the time to: before, nothing is concluded from what is not there. */
  readonly complete: () => boolean
}

const defaultStandInAfterMs = 10_000

/** Starts to read what others have registered in the datacenters. What is not read any more is forgotten. */
export function startForeign(datacenters: readonly ForeignDatacenter[], parts: ForeignParts): Foreign {
  const { fleet, record, owner, by, log, standInAfterMs = defaultStandInAfterMs } = parts
  const startedAt = performance.now()
  const read = datacenters.filter(({ foreign }) => foreign.read)
  const forgetting = forget(new Set(read.map(({ name }) => name)), parts).catch((error: unknown) =>
    log.warn({ err: error }, 'what is not read any more could not be forgotten; the next start tries again'),
  )
  const followers = read.map((datacenter) => new ForeignFollower({ datacenter, owner, fleet, record, by, log }))
  return {
    status: () => followers.map(({ status }) => status),
    complete: () => performance.now() - startedAt >= standInAfterMs || followers.every(({ answered }) => answered),
    async [Symbol.asyncDispose]() {
      await Promise.all([forgetting, ...followers.map((follower) => follower[Symbol.asyncDispose]())])
    },
  }
}

/** Records of datacenters that are not read any more: nobody would ever say that they have gone. */
async function forget(read: ReadonlySet<string>, { fleet, record, by }: ForeignParts): Promise<void> {
  for (const [foreign, { spec, revision }] of [...fleet.foreign]) {
    if (!read.has(spec.datacenter)) await record({ kind: 'foreign-gone', foreign }, { by, seen: revision })
  }
}
