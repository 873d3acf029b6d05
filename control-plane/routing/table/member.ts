import type { Endpoint } from '../table.ts'
import type { Candidate } from './judge.ts'

/** An instance that may be called, as one of the members of its service. */
export class Member {
  readonly candidate: Candidate
  // The same object for the same endpoint, so that what is made of it need not be made again.
  readonly #endpoints: Endpoint[] = []

  constructor(candidate: Candidate) {
    this.candidate = candidate
  }

  endpoint(priority: number): Endpoint {
    const { instance, address, port, weight, site } = this.candidate
    this.#endpoints[priority] ??= { instance, address, port, weight, priority, site }
    return this.#endpoints[priority]
  }

  samePlace({ candidate }: Member): boolean {
    return this.candidate.port === candidate.port && this.candidate.address === candidate.address
  }

  equals(other: Candidate): boolean {
    const { instance, address, port, weight, site, cluster } = this.candidate
    return (
      instance === other.instance &&
      address === other.address &&
      port === other.port &&
      weight === other.weight &&
      site === other.site &&
      cluster === other.cluster &&
      rankOf(this.candidate) === rankOf(other)
    )
  }

  compare({ candidate: b }: Member): number {
    const a = this.candidate
    if (a.address !== b.address) return a.address < b.address ? -1 : 1
    if (a.port !== b.port) return a.port - b.port
    if (rankOf(a) !== rankOf(b)) return rankOf(a) - rankOf(b)
    return a.instance === b.instance ? 0 : a.instance < b.instance ? -1 : 1
  }
}

/** 0 is the best. */
export function rankOf({ last, standsIn }: Candidate): number {
  return (last ? 2 : 0) + (standsIn ? 1 : 0)
}
