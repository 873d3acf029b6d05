import type { InstanceBelief } from '../../fleet/belief.ts'
import type { FleetView } from '../../fleet/fleet.ts'
import type { Proposal } from '../proposal.ts'

/** When clients were last heard of. Epoch milliseconds. Beats are kept here and saved in bulk; they are no events. */
export class Heartbeats {
  readonly #heardAt = new Map<string, number>()
  readonly #begunAt: number

  /** @param begunAt since when this plane listens: before that nobody can have been heard */
  constructor(begunAt: number) {
    this.#begunAt = begunAt
  }

  beat(instance: string, at: number): void {
    this.#heardAt.set(instance, at)
  }

  /** What was saved before a restart. */
  restore(beats: Iterable<readonly [instance: string, at: number]>): void {
    for (const [instance, at] of beats) this.#heardAt.set(instance, Math.max(at, this.#heardAt.get(instance) ?? 0))
  }

  lastOf(instance: string): number | undefined {
    return this.#heardAt.get(instance)
  }

  forget(instance: string): void {
    this.#heardAt.delete(instance)
  }

  /** Whether a client was heard of within its lifetime; a plane that has just started gives everybody a whole one. */
  isFresh(instance: string, now: number, lifetimeMs: number): boolean {
    return now - Math.max(this.#heardAt.get(instance) ?? 0, this.#begunAt) < lifetimeMs
  }
}

/** Whether a client counts as alive, as far as its heartbeats tell. */
export function isAlive(
  { spec, silent, death }: InstanceBelief,
  beats: Heartbeats,
  now: number,
  lifetimeMs: number,
): boolean {
  return !silent && death === undefined && beats.isFresh(spec.id, now, lifetimeMs)
}

/** Clients without an agent whose heartbeat expired: they are inactive from now on. @param now epoch milliseconds */
export function silentInstances(
  fleet: Pick<FleetView, 'instances'>,
  beats: Heartbeats,
  now: number,
  lifetimeMs: number,
): readonly Proposal[] {
  const proposals: Proposal[] = []
  for (const [instance, { origin, silent, revision }] of fleet.instances) {
    if (origin !== 'client' || silent || beats.isFresh(instance, now, lifetimeMs)) continue
    proposals.push({ change: { kind: 'fell-silent', instance }, seen: revision })
  }
  return proposals
}
