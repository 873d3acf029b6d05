import type { Logger } from '#shared/logging/logger.ts'
import { type SelectsForeign, selectsForeign } from '../consul/foreign-policy.ts'
import type { FleetView } from '../fleet/fleet.ts'
import type { Sink } from '../fleet/sink.ts'
import type { KeptText } from '../identity/copied-revocations.ts'
import type { DatacenterConfig, MirrorConfig } from './config.ts'
import type { CopyPolicy } from './copies.ts'
import { Desired } from './desired.ts'
import type { Identity } from './fence.ts'
import { Follower } from './follow.ts'
import type { HeldRemoval } from './ledger.ts'
import { selects } from './select.ts'

export type MirrorParts = {
  readonly fleet: FleetView
  readonly log: Logger
  /** Whether the lists of foreign records are complete, which copies follow; true by default. */
  readonly foreignComplete?: () => boolean
  /** Ends the mirror like its disposal, but without waiting for it. */
  readonly signal: AbortSignal
  /**
   * Which installation this is, under which name its records stand, which process (random for each) and under which leadership.
   * `takeover`: leadership came to a process that was running already; it need not watch for another one first, where the fence is held by a
   * run that it has followed itself (left out: any).
   */
  readonly installation: {
    readonly id: string
    readonly owner: string
    readonly run: string
    readonly epoch: number
    readonly takeover?: boolean | ((run: string) => boolean)
    /** Has this process lead with a greater epoch than this one, which a fence has; `run` held it, and is silent. Left out: epochs do not count. */
    readonly raiseAbove?: (epoch: number, run: string) => void
  }
  /** Whether this plane leads at this moment: else nothing is written any more. Left out: always. */
  readonly leads?: () => boolean
  /** What is kept in each datacenter besides the fleet; left out: nothing. */
  readonly kept?: KeptText | undefined
}

/** The mirror of the fleet in every datacenter. Disposing of it ends it and marks it as stopped there. */
export type Mirror = AsyncDisposable & {
  /** One for each datacenter, named `consul:<datacenter>`. */
  readonly sinks: readonly Sink[]
  /** Deletions that are only inferred, and too many to be done without an operator; by datacenter. */
  readonly pending: () => ReadonlyMap<string, readonly HeldRemoval[]>
  /** Lets the pending deletions of a datacenter go. Answers with how many those are; undefined: there is no such datacenter. */
  readonly approve: (datacenter: string) => number | undefined
}

/** Starts to mirror the fleet. Resolves at once: datacenters that cannot be reached are caught up with when they can. */
export async function startMirror(config: MirrorConfig, parts: MirrorParts): Promise<Mirror> {
  const { fleet, log, signal, installation, foreignComplete, kept, leads = () => true } = parts
  const { owner, takeover: over = false, raiseAbove } = installation
  const takeover = typeof over === 'boolean' ? () => over : over
  const us: Identity = { installation: installation.id, epoch: installation.epoch, run: installation.run }
  await using stack = new AsyncDisposableStack()
  const policies = new Map<string, Policy>()
  const followers = new Map<string, Follower>()
  for (const datacenter of config.datacenters) {
    const { desired, filled, all } = policyOf(config, datacenter, owner, fleet, policies)
    const common = { config, datacenter, owner, us, takeover, leads, fleet, desired, filled, kept, log }
    const hints = { ...(foreignComplete ? { foreignComplete } : {}), ...(raiseAbove ? { raiseAbove } : {}) }
    const follower = stack.use(new Follower({ ...common, ...hints }))
    followers.set(datacenter.name, follower)
    all.push(follower)
  }
  stack.defer(
    fleet.watch((change) => {
      for (const { desired, all } of policies.values()) {
        const touched = desired.refresh(change)
        for (const follower of all) follower.follow(touched, change.removal)
      }
    }),
  )
  const open = stack.move()
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= open.disposeAsync()
    return closing
  }
  signal.addEventListener('abort', () => void close(), { once: true })
  return {
    sinks: [...followers.values()],
    pending: () => new Map([...followers].map(([name, { held }]) => [name, held])),
    approve: (datacenter) => followers.get(datacenter)?.approve(),
    [Symbol.asyncDispose]: close,
  }
}

/** What datacenters with the same policy share. */
type Policy = { readonly desired: Desired; readonly filled: Promise<void>; readonly all: Follower[] }

function policyOf(
  config: MirrorConfig,
  { name, select, warning_as: warningAs }: DatacenterConfig,
  owner: string,
  fleet: FleetView,
  policies: Map<string, Policy>,
): Policy {
  const copies = copiesInto(name, config)
  // What is copied depends on what stands there already.
  const key = JSON.stringify([select, warningAs, copies ? name : ''])
  const known = policies.get(key)
  if (known) return known
  const desired = new Desired(fleet, { owner, warningAs, selects: selects(select), copies })
  const policy = { desired, filled: desired.fill(), all: [] }
  policies.set(key, policy)
  return policy
}

/** What a datacenter shows of the foreign records of others; undefined: nothing. */
function copiesInto(datacenter: string, { datacenters }: MirrorConfig): CopyPolicy | undefined {
  const sources = new Map<string, SelectsForeign>()
  for (const { name, foreign } of datacenters) {
    const rules = foreign.copy_to.filter((copy) => copy.datacenter === datacenter).flatMap(({ select }) => select)
    if (foreign.read && rules.length > 0) sources.set(name, selectsForeign(rules))
  }
  return sources.size > 0 ? { datacenter, sources } : undefined
}
