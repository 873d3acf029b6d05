import type { Place } from '#shared/host/listeners.ts'
import type { Process } from '#shared/host/process.ts'
import type { Verdict } from '#shared/protocol/check.ts'
import { type Discovered, type Found, mostFound, type PortConflict } from '#shared/protocol/discovery.ts'
import { reason } from '#shared/protocol/reason.ts'
import type { Adopted, FoundCheck } from './book.ts'
import type { Standing, Subject } from './entry.ts'

/** An adopted service as it is told, with the instance that it is. */
export type AdoptedFacts = {
  readonly entry: Adopted
  readonly instance: string
  readonly address: string
  readonly verdict: Verdict | undefined
  readonly process: Process | undefined
  readonly place: Place | undefined
  /** Epoch milliseconds of this host. */
  readonly now: number
}

/** Something that is looked after like a declared one. */
export function foundOfAdopted({ entry, instance, address, verdict, process, place, now }: AdoptedFacts): Found {
  const { found: id, name, type, cluster, port, by, confidence, evidence, check, goneSince } = entry
  const told = verdict ?? { health: 'unknown', reason: reason('no_verdict') }
  return {
    id,
    port,
    address,
    state: 'adopted',
    by,
    service: name,
    ...(type === undefined ? {} : { type }),
    ...(cluster === undefined ? {} : { cluster }),
    confidence,
    evidence,
    health: told.health,
    reason: told.reason,
    check: checkText(check),
    ...processFacts(process, place),
    remarks: goneSince === undefined ? [] : ['nothing listens there any more'],
    instance,
    ...(goneSince === undefined ? {} : { goneMs: Math.max(0, now - goneSince) }),
  }
}

/** Something that is not looked after, and why. */
export function foundOfSubject(
  subject: Subject,
  standing: Standing,
  address: string,
  instance: string | undefined,
): Found {
  const { id, place, process, seen, recognised } = subject
  const { service, type, cluster, confidence, evidence } = recognised
  return {
    id,
    port: place.port,
    address,
    state: standing.state,
    by: standing.by.slice(0, 120),
    ...(service === undefined ? {} : { service }),
    ...(type === undefined ? {} : { type }),
    ...(cluster === undefined ? {} : { cluster }),
    confidence,
    evidence: evidence.slice(0, 16).map((line) => line.slice(0, 300).toWellFormed()),
    health: seen.verdict.health,
    reason: seen.verdict.reason,
    check: checkText(seen.check),
    ...processFacts(process, place),
    remarks: standing.remarks.slice(0, 8).map((line) => line.slice(0, 400).toWellFormed()),
    ...(instance === undefined ? {} : { instance }),
  }
}

function processFacts(process: Process | undefined, place: Place | undefined): Pick<Found, 'process' | 'user'> {
  return {
    ...(process === undefined ? {} : { process }),
    ...(place?.user === undefined ? {} : { user: place.user }),
  }
}

function checkText(check: FoundCheck): string {
  if (check.kind !== 'http') return check.kind
  return `${check.tls ? 'https' : 'http'} ${check.path}`.slice(0, 300)
}

const importance = { asking: 0, adopted: 1, ignored: 2 } as const

/** All that was found as one message. Where there is too much, what an operator has to decide goes first. */
export function discoveredMessage(all: readonly Found[], conflicts: readonly PortConflict[]): Discovered {
  const found = all.toSorted((a, b) => importance[a.state] - importance[b.state] || a.port - b.port).slice(0, mostFound)
  return { type: 'discovered', found, left: all.length - found.length, conflicts: conflicts.slice(0, mostFound) }
}

/** Equal for messages that say the same: how long something has been gone is no news by itself, nor is how an adopted one is. */
export function newsOf({ found, left, conflicts }: Discovered): string {
  const told = found.map(({ goneMs, health, reason, ...rest }) => {
    return rest.state === 'adopted' ? { ...rest, gone: goneMs !== undefined } : { ...rest, health, reason }
  })
  return JSON.stringify([told, left, conflicts])
}
